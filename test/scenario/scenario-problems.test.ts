import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { resolveScenario } from '../../orchestrator/scenario/resolve-scenario.ts';
import { problemsOf, scenario } from '../support/scenario-text.ts';

describe('problems of a scenario', () => {
  test('come all at once, each with its line, its path, what is expected and what was found', () => {
    const found = problemsOf(
      [
        'name: Not A Name',
        'profile: papre',
        'colour: blue',
        'timeout: soon',
        'nodes: { gateways: 5, liars: { count: 3, behaviour: [silent-voter] } }',
        'fabric: { qos: 2, link: { drop: 120% } }',
        'workload: { duration: 1d }',
        'timeline:',
        '  - { at: 1s, crash: 9 }',
        '  - { at: 1s, crush: 3 }',
        '  - { at: 1s, broker-restart: { session: kept } }',
        'checks:',
        '  - { invariant: I21 }',
        '  - { at-end: stuk, equals: 0 }',
        '',
      ].join('\n'),
    );
    const places = found.map((line) => line.slice(0, line.indexOf(': expected')));
    assert.deepEqual(places, [
      '1: name',
      '2: profile',
      '3: colour',
      '4: timeout',
      '5: nodes.liars.behaviour',
      '6: fabric.qos',
      '6: fabric.link.drop',
      '7: workload.duration',
      '10: timeline[1]',
      '11: timeline[2].broker-restart.session',
      '13: checks[0].invariant',
      '14: checks[1].at-end',
    ]);
    assert.equal(
      found[4],
      '5: nodes.liars.behaviour: expected one of count, role, behaviours, of, board, architecture, clock, at, sensors, funds, got an unknown name (nearest: behaviours)',
    );
    assert.equal(found[3], '4: timeout: expected a duration such as 250ms, 2s or 1m from 1 s on, got "soon"');
    assert.match(found[2]!, /expected one of name, description, .*got an unknown name \(nearest: /);
  });

  test('a wrong part does not hide what is wrong in others that refer to seats', () => {
    const found = problemsOf(
      scenario(
        'fabric: { zones: { attic: 1-9 } }',
        'timeline:',
        '  - { at: 1s, crash: [2, 12] }',
        '  - { at: 1s, pause: cellar }',
        '  - { at: 1s, leave: zone:attik }',
        '  - { at: 20s, crash: 1 }',
        'checks:',
        '  - { eventually: decisions, atLeast: 1, within: 1s, after: nothing }',
      ),
    );
    assert.deepEqual(
      found.map((line) => line.replace(/ \(.*?\)(?=, got)/, '')),
      [
        '3: fabric.zones.attic: expected a range within 1-8, got "1-9"',
        '5: timeline[0].crash[1]: expected seats, got "12"',
        '6: timeline[1].pause: expected seats, got "cellar" (nearest: all)',
        '7: timeline[2].leave: expected a zone, got "attik" (nearest: attic)',
        '8: timeline[3].at: expected a time before the end of the load, got "20s"',
        '10: checks[0].after: expected the id of a fault, got "nothing"',
      ],
    );
  });

  const rules: readonly [name: string, text: string, problem: RegExp][] = [
    ['no name', 'nodes: 8\n', /^1: name: expected 1\.\.64 .* got nothing$/],
    ['no nodes', 'name: test\n', /^1: nodes: expected integer 1\.\.512, got nothing$/],
    ['a list', '- name: x\n', /^1: file: expected a map with keys of name, /],
    ['no YAML', 'name: [\n', /^\d: file: expected one YAML document, got /],
    ['one node', 'name: test\nnodes: 1\n', /^2: nodes: expected 2\.\.512 nodes .* got 1$/],
    [
      'a fault at two times',
      scenario('timeline: [{ at: 1s, when: { decisions: 1 }, crash: 1 }]'),
      /^3: timeline\[0\]: expected exactly one of at, when, got both$/,
    ],
    [
      'a fault at no time',
      scenario('timeline: [{ crash: 1 }]'),
      /^3: timeline\[0\]: expected exactly one of at, when, got neither$/,
    ],
    [
      'two kinds of fault in one',
      scenario('timeline: [{ at: 1s, crash: 1, pause: 2 }]'),
      /^3: timeline\[0\]: expected a fault with exactly one of crash, /,
    ],
    [
      'a metric that nobody knows while it runs',
      scenario('timeline: [{ when: { stuck: 1 }, crash: 1 }]'),
      /^3: timeline\[0\]\.when\.stuck: expected a key that is a live metric: requests, /,
    ],
    [
      'a duration of what leaves nothing to heal',
      scenario('timeline: [{ at: 1s, restart: 1, for: 2s }]'),
      /^3: timeline\[0\]\.for: expected no duration: restart leaves nothing to heal, got "2s"$/,
    ],
    [
      'sides with a seat in common',
      scenario('timeline: [{ at: 1s, partition: { sides: [1-5, 5-8] } }]'),
      /^3: timeline\[0\]\.partition\.sides: expected each seat on one side, got 5 on several$/,
    ],
    [
      'a partition from nobody',
      scenario('timeline: [{ at: 1s, partition: { sides: [all] } }]'),
      /expected somebody on the other side, got nobody$/,
    ],
    [
      'a link that does nothing',
      scenario('fabric: { links: [{ from: 1, to: 2, self: true }] }'),
      /^3: fabric\.links\[0\]: expected one of drop, delay, duplicate, reorder, corrupt, rate, got none$/,
    ],
    [
      'two kinds of jitter',
      scenario('fabric: { link: { delay: { uniform: 1ms, pareto: 1ms } } }'),
      /^3: fabric\.link\.delay: expected one of uniform, exponential, pareto, got uniform and pareto$/,
    ],
    [
      'a behaviour of honest nodes',
      'name: test\nnodes: { a: 7, b: { role: honest, behaviours: [vote-copier] } }\n',
      /^2: nodes\.b\.behaviours: expected no behaviours beside role honest, got both$/,
    ],
    [
      'a twin of nobody',
      'name: test\nnodes: { a: 7, b: { role: twin } }\n',
      /^2: nodes\.b: expected of beside role twin: whose identity it shares, got none$/,
    ],
    [
      'a behaviour that lacks what it needs',
      'name: test\nnodes: { a: 7, b: { behaviours: [equivocating-voter] } }\n',
      /^2: nodes\.b\.behaviours\[0\]: expected a behaviour: silent-voter, .*got "equivocating-voter"$/,
    ],
    [
      'sides that a node refuses',
      'name: test\nnodes: { a: 7, b: { behaviours: [{ double-spender: { sides: [1-4, 4-7] } }] } }\n',
      /^2: nodes\.b\.behaviours\[0\]\.double-spender: expected sides: no member on both sides, got "4"$/,
    ],
    [
      'a service that is not sold',
      scenario('workload: { purchases: [{ count: 1, service: Teh }] }'),
      /^3: workload\.purchases\[0\]\.service: expected a service \(espresso, Nespresso, Tea\), got "Teh" \(nearest: Tea\)$/,
    ],
    [
      'a service that a behaviour cannot buy',
      'name: test\nnodes: { a: 7, b: { behaviours: [{ overspender: { service: Gold } }] } }\n',
      /^2: nodes\.b\.behaviours\[0\]\.overspender\.service: expected a service /,
    ],
    [
      'buyers that are not there yet',
      'name: test\nnodes: { a: 7, b: { count: 1, at: 5s } }\nworkload: { purchases: [{ count: 1, buyers: 8 }] }\n',
      /^3: workload\.purchases\[0\]\.buyers: expected buyers that are there at 0 ms, got 8 from 5000 ms on$/,
    ],
    [
      'a loop without an end',
      scenario('workload: { purchases: [{ loop: each }] }'),
      /^3: workload\.purchases\[0\]\.count: expected integer 1\.\.100000, got nothing$/,
    ],
    [
      'more purchases than a run bears',
      scenario('workload: { duration: 1h, purchases: [{ rate: 1000 }] }'),
      /^3: workload\.purchases\[0\]: expected rates that make less than 100000 purchases, got about \d+$/,
    ],
    [
      'a duration where nothing lasts',
      scenario('checks: [{ at-end: stuck, atMost: 3s }]'),
      /^3: checks\[0\]\.atMost: expected a plain number: stuck is in pieces, got "3s"$/,
    ],
    [
      'a check without a bound',
      scenario('checks: [{ metric: stuck }]'),
      /^3: checks\[0\]: expected atLeast, atMost or equals, got none$/,
    ],
    [
      'eventually without an end',
      scenario('checks: [{ eventually: decisions, atLeast: 1 }]'),
      /^3: checks\[0\]\.within: expected a duration such as 5s, got nothing$/,
    ],
    [
      'an invariant that means nothing under the profile',
      scenario('profile: ref-c', 'checks: [{ invariant: I7 }]'),
      /^4: checks\[0\]\.invariant: expected an invariant that means something under ref-c, .*got I7$/,
    ],
    [
      'a parameter out of bounds',
      scenario('parameters: { difficulty: 9 }'),
      /^3: parameters\.difficulty: expected integer 0\.\.7, got 9$/,
    ],
    [
      'an unknown sensor',
      scenario('workload: { sensors: [{ topic: t, kind: cactus, periodMs: 5 }] }'),
      /^3: workload\.sensors\[0\]\.kind: expected one of counter, .*got "cactus"$/,
    ],
    [
      'two faults of one name',
      scenario('timeline: [{ id: a, at: 1s, crash: 1 }, { id: a, at: 2s, crash: 2 }]'),
      /^3: timeline\[1\]\.id: expected an id that no other fault has, got "a"$/,
    ],
    [
      'a draw of more than there are',
      scenario('timeline: [{ at: 1s, crash: any 9 }]'),
      /^3: timeline\[0\]\.crash: expected a size of 1\.\.8 seats, got "any 9", which is 9$/,
    ],
  ];
  for (const [name, text, problem] of rules) {
    test(name, () => {
      const found = problemsOf(text);
      assert.ok(
        found.some((line) => problem.test(line)),
        found.join('\n'),
      );
    });
  }

  test('what was asked for beside the file has no line', () => {
    const found = problemsOf('name: test\nnodes: { a: 6, b: { count: 2, role: silent } }\n', {
      parameters: { difficulty: 9 },
      nodes: 2,
      seed: '',
      lab: 'No',
    });
    assert.deepEqual(found.map((line) => line.slice(0, line.indexOf(':'))).sort(), [
      '--lab',
      '--nodes',
      '--seed',
      '--set difficulty',
    ]);
  });
});

describe('any text', () => {
  const words = fc.constantFrom(
    ...[
      'name: x',
      'nodes: 8',
      'nodes:',
      '  a: 3',
      '  b: { role: twin, of: 1 }',
      'timeline:',
      '  - at: 1s',
      '    crash: any 2',
    ],
    ...[
      '    partition: { sides: [1-4, [5, 6]] }',
      'checks: [{ invariant: all }]',
      'workload:',
      '  purchases:',
      '    - rate: 3',
    ],
    ...[
      '    - loop: each',
      '      count: 2',
      'fabric: { link: { drop: 5% } }',
      '{',
      '*x',
      '&x',
      '? y',
      '- ~',
      'seed: ""',
      '__proto__: 1',
    ],
    ...[
      'constructor: {}',
      'nodes: { a: { count: 4, behaviours: [{ replayer: }] }, toString: 2 }',
      'timeline: [null, 3, {}]',
    ],
  );

  test('gives a plan or problems, and never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: words }, fc.string()), { maxLength: 12 }), (lines) => {
        const result = resolveScenario({ text: lines.join('\n'), directory: '/' });
        assert.ok(result.ok || result.problems.length > 0);
      }),
      { numRuns: 1500, seed: 4 },
    );
  });

  test('with values of any kind at any key', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const keys = ['fabric', 'workload', 'timeline', 'checks', 'parameters', 'services', 'requires', 'profile', 'seed'];
    fc.assert(
      fc.property(fc.constantFrom(...keys), value, fc.boolean(), (key, found, list) => {
        const shown = JSON.stringify(list ? [found] : found);
        const result = resolveScenario({ text: scenario(`${key}: ${shown}`), directory: '/' });
        assert.ok(result.ok || result.problems.length > 0);
      }),
      { numRuns: 1500, seed: 5 },
    );
  });
});
