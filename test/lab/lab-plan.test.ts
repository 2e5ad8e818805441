import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeProblem } from '../../node/protocol/parameters.ts';
import { type LabOptions, parameterValue, planLab } from '../../orchestrator/lab/lab-plan.ts';

const OPTIONS: LabOptions = {
  lab: 'lab',
  nodes: 8,
  profile: 'paper',
  parameters: {},
  services: null,
  sensors: null,
  durability: 'process',
  qos: 1,
  seed: '1',
};

function problemsOf(options: Partial<LabOptions>): string[] {
  const result = planLab({ ...OPTIONS, ...options });
  return result.ok ? [] : result.problems.map(describeProblem);
}

test('a plan writes out every default', () => {
  const result = planLab(OPTIONS);
  assert.ok(result.ok);
  const { plan } = result;
  assert.deepEqual(
    plan.seats.map(({ seat, node }) => `${seat}${node}`),
    ['11', '22', '33', '44', '55', '66', '77', '88'],
  );
  assert.equal(plan.parameters.dcoinRate, 5);
  assert.equal(plan.parameters.dcoinRewardUnits, 10);
  assert.ok(plan.services.some(({ name, priceDcoins }) => name === 'espresso' && priceDcoins === 2));
  assert.match(plan.configurationHash, /^[0-9a-f]{64}$/);
});

test('all problems of a plan are found at once', () => {
  const problems = problemsOf({
    lab: 'No Lab',
    nodes: 1,
    parameters: { difficulty: 9, dificulty: 1 },
    services: [{ name: 'tea', priceDcoins: -1, program: { kind: 'log', text: 'x' } }],
    sensors: [{ topic: 't', kind: 'counter' }],
  });
  assert.equal(problems.length, 6, problems.join('\n'));
  for (const start of [
    'lab: ',
    'nodes: ',
    'parameters.difficulty: ',
    'parameters.dificulty: ',
    'services[0].priceDcoins: ',
    'sensors[0].periodMs: ',
  ]) {
    assert.ok(
      problems.some((problem) => problem.startsWith(start)),
      `${start} in\n${problems.join('\n')}`,
    );
  }
});

test('a service whose name is wider than the ids on the wire is refused', () => {
  const services = [{ name: 'espresso doppio', priceDcoins: 1, program: { kind: 'log', text: 'x' } }];
  assert.deepEqual(problemsOf({ services }), []);
  assert.match(
    problemsOf({ services, parameters: { idBytes: 8 } }).join(),
    /espresso doppio: expected a name that fits the wire/,
  );
});

test('what all nodes share changes the configuration hash, what is a node’s own does not', () => {
  const hashOf = (options: Partial<LabOptions>): string => {
    const result = planLab({ ...OPTIONS, ...options });
    assert.ok(result.ok);
    return result.plan.configurationHash;
  };
  const base = hashOf({});
  for (const own of [{ sensors: [] }, { durability: 'power' }, { qos: 0 }, { seed: 'x' }] as const)
    assert.equal(hashOf(own), base);
  for (const shared of [{ nodes: 7 }, { parameters: { difficulty: 2 } }, { profile: 'ref-c' }] as const)
    assert.notEqual(hashOf(shared), base);
});

test('values of settings are JSON, ratios or text', () => {
  assert.deepEqual(parameterValue('2/3'), { numerator: 2, denominator: 3 });
  assert.equal(parameterValue('2'), 2);
  assert.equal(parameterValue('true'), true);
  assert.equal(parameterValue('null'), null);
  assert.equal(parameterValue('event'), 'event');
});
