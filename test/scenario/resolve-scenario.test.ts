import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IDLE_RULE } from '../../orchestrator/fabric/link-rule.ts';
import type { Fault, ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';
import { planOf, scenario } from '../support/scenario-text.ts';

const faultOf = (plan: ScenarioPlan, id: string): Fault => plan.timeline.find((fault) => fault.id === id)!.fault;
const seatsOf = (plan: ScenarioPlan, id: string): readonly string[] => {
  const fault = faultOf(plan, id);
  return 'seats' in fault ? fault.seats : [];
};

describe('seats', () => {
  test('a number is so many honest seats, with every default written out', () => {
    const plan = planOf('name: plain\nnodes: 3\n');
    assert.deepEqual(
      plan.seats.map(({ seat, node, group, role, startsAtMs }) => [seat, node, group, role, startsAtMs]),
      ['1', '2', '3'].map((seat) => [seat, seat, 'nodes', 'honest', null]),
    );
    assert.deepEqual(plan.lab.seats, [
      { seat: '1', node: '1' },
      { seat: '2', node: '2' },
      { seat: '3', node: '3' },
    ]);
    assert.deepEqual(
      [plan.name, plan.seed, plan.lab.profile, plan.lab.lab, plan.loadMs, plan.settleMsMax, plan.timeoutMs],
      ['plain', '1', 'paper', 'plain', 10_000, 10_000, 140_000],
    );
    assert.deepEqual(plan.seats[0]!.sensors, [
      { topic: 'virtual', kind: 'counter', periodMs: { min: 50, max: 250 }, samplesMax: 63 },
    ]);
  });

  test('groups are numbered on; what a group has stands at each of its seats', () => {
    const plan = planOf(`
name: groups
nodes:
  gateways: 3
  boards: { count: 2, board: pi3bplus, architecture: arm64, clock: -1h, sensors: none, funds: 7 }
  late: { count: 1, at: 4s }
  mute: { count: 1, role: silent }
workload: { funds: 20 }
`);
    assert.deepEqual(
      plan.seats.map(({ seat, group, role }) => `${seat} ${group} ${role}`),
      [
        '1 gateways honest',
        '2 gateways honest',
        '3 gateways honest',
        '4 boards honest',
        '5 boards honest',
        '6 late honest',
        '7 mute silent',
      ],
    );
    const [board, late, mute] = [plan.seats[3]!, plan.seats[5]!, plan.seats[6]!];
    assert.deepEqual([board.board, board.architecture, board.sensors], ['pi3bplus', 'arm64', []]);
    assert.equal(board.conditions.clockOffsetMs, -3_600_000);
    assert.deepEqual(plan.lab.seats[3], {
      seat: '4',
      node: '4',
      board: 'pi3bplus',
      architecture: 'arm64',
      sensors: [],
      conditions: board.conditions,
    });
    assert.equal(late.startsAtMs, 4000);
    assert.deepEqual(plan.lab.seats[5], { seat: '6', node: '6', late: true });
    assert.deepEqual(plan.timeline, [
      {
        id: 'join-late',
        title: 'join 6',
        trigger: { atMs: 4000 },
        durationMs: null,
        fault: { kind: 'join', seats: ['6'] },
      },
    ]);
    assert.deepEqual(mute.conditions.behaviours, [{ kind: 'silent-voter' }]);
    assert.deepEqual(plan.workload.fundUnits, { 1: 20, 2: 20, 3: 20, 4: 7, 5: 7, 7: 20 });
    assert.deepEqual(plan.requires, ['node-control', 'board-limits', 'architectures']);
  });

  test('a twin is a second seat with the same node, and neither of the two is honest', () => {
    const plan = planOf(
      'name: x\nnodes: { clone: { role: twin, of: 3, count: 2 }, gateways: 4 }\nworkload: { funds: 5 }\n',
    );
    assert.deepEqual(
      plan.seats.map(({ seat, node, role }) => `${seat} ${node} ${role}`),
      ['1 1 honest', '2 2 honest', '3 3 twin', '4 4 honest', '3b 3 twin', '3c 3 twin'],
    );
    assert.deepEqual(plan.requires, ['twins']);
    assert.deepEqual(plan.workload.fundUnits, { 1: 5, 2: 5, 3: 5, 4: 5 });
    assert.deepEqual(
      new Set(
        planOf(
          'name: x\nnodes: { a: 4, b: { of: 2 } }\nworkload: { purchases: [{ count: 40 }] }\n',
        ).workload.purchases.map(({ seat }) => seat),
      ),
      new Set(['1', '3', '4']),
    );
  });

  test('behaviours name members; those with a time are faults of their own', () => {
    const plan = planOf(`
name: x
nodes:
  gateways: 5
  liars:
    count: 2
    behaviours:
      - wrong-remaining:
      - { double-spender: { sides: [gateways, liars], crossed: true } }
      - { withholding: { delay: 2s }, from: 1s, until: 3s }
  clone: { of: 2 }
`);
    const { conditions } = plan.seats[5]!;
    assert.deepEqual(conditions.behaviours, [
      { kind: 'wrong-remaining', byUnits: 1 },
      {
        kind: 'double-spender',
        sides: { left: ['1', '2', '3', '4', '5'], right: ['6', '7'] },
        gapMs: 0,
        service: null,
        crossed: true,
      },
    ]);
    assert.deepEqual(plan.timeline, [
      {
        id: 'liars-behaves-3',
        title: 'behave 6-7: withholding',
        trigger: { atMs: 1000 },
        durationMs: 2000,
        fault: { kind: 'behave', seats: ['6', '7'], behaviours: [{ kind: 'withholding', delayMs: 2000 }] },
      },
    ]);
  });

  test('whoever is told to misbehave in the timeline is Byzantine in the plan', () => {
    const plan = planOf(scenario('timeline: [{ at: 1s, behave: { nodes: 2, behaviours: [vote-copier] } }]'));
    assert.deepEqual(
      plan.seats.filter(({ role }) => role !== 'honest').map(({ seat, role }) => [seat, role]),
      [['2', 'byzantine']],
    );
  });

  test('the number of nodes can be asked for: the honest ones grow or shrink', () => {
    const text = 'name: x\nnodes: { evil: { count: 2, role: silent }, gateways: 3, others: 1 }\n';
    const grown = planOf(text, { nodes: 10 });
    assert.equal(grown.seats.length, 10);
    assert.equal(grown.seats.filter(({ group }) => group === 'gateways').length, 7);
    assert.equal(planOf(text, { nodes: 4 }).seats.length, 4);
  });
});

describe('selectors', () => {
  const selected = (selector: string, nodes = '8'): readonly string[] =>
    seatsOf(
      planOf(
        `name: x\nnodes: ${nodes}\nfabric: { zones: { attic: [7, 2-3] } }\ntimeline: [{ id: f, at: 1s, pause: ${selector} }]\n`,
      ),
      'f',
    );

  test('ids, ranges, groups, zones and roles mean seats in the order of the plan', () => {
    const groups = '{ a: 3, b: { count: 2, role: silent }, c: { of: 1 }, d: 2 }';
    assert.deepEqual(selected('3'), ['3']);
    assert.deepEqual(selected('[5, 2-4, 3]'), ['2', '3', '4', '5']);
    assert.deepEqual(selected('zone:attic'), ['2', '3', '7']);
    assert.deepEqual(selected('b', groups), ['4', '5']);
    assert.deepEqual(selected('[d, 1b]', groups), ['6', '7', '1b']);
    assert.deepEqual(selected('honest', groups), ['2', '3', '6', '7']);
    assert.deepEqual(selected('byzantine', groups), ['1', '4', '5', '1b']);
    assert.equal(selected('all', groups).length, 8);
  });

  test('sizes of an attack are of the network: n = 8 with quorum 5, n = 48 with quorum 32', () => {
    const sizes = (nodes: string) =>
      ['one', 'under-third', 'third-to-half', 'over-half', 'bound', 'above-bound', 'any 3', '25%'].map(
        (size) => selected(size, nodes).length,
      );
    assert.deepEqual(sizes('8'), [1, 2, 3, 5, 2, 3, 3, 2]);
    assert.deepEqual(sizes('48'), [1, 15, 23, 25, 16, 17, 3, 12]);
    assert.equal(
      seatsOf(planOf(scenario('profile: ref-py', 'timeline: [{ id: f, at: 1s, pause: bound }]')), 'f').length,
      4,
    );
  });

  test('what is drawn is drawn from the seats that are named, by the seed and the name of the fault', () => {
    const text = scenario('timeline: [{ id: a, at: 1s, pause: any 3 of 3-8 }, { id: b, at: 1s, pause: any 3 of 3-8 }]');
    const first = planOf(text);
    assert.deepEqual(first, planOf(text));
    assert.ok(seatsOf(first, 'a').every((seat) => Number(seat) >= 3));
    assert.notDeepEqual(seatsOf(first, 'a'), seatsOf(first, 'b'));
    const others = ['2', '3', '4', '5', '6'].map((seed) => seatsOf(planOf(text, { seed }), 'a').join());
    assert.ok(new Set(others).size > 1);
  });
});

describe('what is drawn for one thing', () => {
  const stream = '    - { id: mine, count: 30, buyers: 1-8 }';
  const fault = '  - { id: mine, at: 1s, crash: any 2 of 1-8 }';
  const before = planOf(scenario('workload:', '  purchases:', stream, 'timeline:', fault));

  test('is not moved by other streams, faults or groups', () => {
    const after = planOf(
      [
        'name: test',
        'nodes: { gateways: 8, more: { count: 3, behaviours: [silent-voter] } }',
        'workload:',
        '  purchases:',
        '    - { id: other, rate: 3, service: Tea }',
        stream,
        'timeline:',
        '  - { id: other, at: 1s, crash: any 4 }',
        fault,
        '',
      ].join('\n'),
    );
    assert.deepEqual(seatsOf(after, 'mine'), seatsOf(before, 'mine'));
    const theirs = new Set(before.workload.purchases.map((purchase) => JSON.stringify(purchase)));
    const kept = after.workload.purchases.filter((purchase) => theirs.has(JSON.stringify(purchase)));
    assert.ok(kept.length >= 30, `${kept.length} of 30`);
  });

  test('is not moved by another node of the pool but where that node itself is drawn', () => {
    for (const seed of ['1', '2', '3', '4', '5', '6']) {
      const drawn = (pool: string) =>
        seatsOf(planOf(scenario('timeline:', fault.replace('1-8', pool)), { seed }), 'mine');
      const [small, large] = [drawn('3-8'), drawn('2-8')];
      assert.ok(
        large.filter((seat) => seat !== '2').every((seat) => small.includes(seat)),
        `${small} and ${large}`,
      );
    }
  });

  test('changes with the seed', () => {
    const other = planOf(scenario('workload:', '  purchases:', stream), { seed: '2' });
    assert.notDeepEqual(other.workload.purchases, before.workload.purchases);
  });
});

describe('the fabric', () => {
  test('links become rules: the default first, both directions apart, shorthands written out', () => {
    const { links, lab, requires } = planOf(
      scenario(
        'fabric:',
        '  qos: 0',
        '  link: { delay: { fixed: 1.4ms, exponential: 0.2ms } }',
        '  zones: { attic: 1-2, cellar: 3-4 }',
        '  links:',
        '    - { between: [zone:attic, zone:cellar], drop: 5%, classes: [vote, request] }',
        '    - { id: slow, from: all, to: 8, duplicate: 10%, reorder: { share: 0.2, hold: 10ms }, rate: 0.5, self: true }',
      ),
    );
    assert.deepEqual(links, [
      { ...IDLE_RULE, id: 'fabric', delay: { ms: 1.4, jitter: { kind: 'exponential', ms: 0.2 } } },
      { ...IDLE_RULE, id: 'fabric-1/1>2', from: ['1', '2'], to: ['3', '4'], drop: 0.05, classes: ['vote', 'request'] },
      { ...IDLE_RULE, id: 'fabric-1/2>1', from: ['3', '4'], to: ['1', '2'], drop: 0.05, classes: ['vote', 'request'] },
      {
        ...IDLE_RULE,
        id: 'slow',
        to: ['8'],
        duplicate: { probability: 0.1, copies: 1 },
        reorder: { probability: 0.2, holdMs: 10 },
        ratePerSecond: 0.5,
        self: true,
      },
    ]);
    assert.equal(lab.qos, 0);
    assert.deepEqual(requires, ['link-rules']);
  });

  const partition = (body: string) => {
    const plan = planOf(scenario(`timeline: [{ id: p, at: 1s, partition: ${body}, for: 2s }]`));
    const { title, fault } = plan.timeline[0]!;
    assert.ok(fault.kind === 'link');
    return { title, seats: fault.seats, rules: fault.rules };
  };

  test('a partition drops everything in both directions, and what stays on a side is left alone', () => {
    const { title, seats, rules } = partition('{ sides: [1-3, [4, 5]] }');
    assert.equal(title, 'partition 1-3 | 4-5');
    assert.deepEqual(seats, ['1', '2', '3', '4', '5']);
    assert.deepEqual(rules, [
      { ...IDLE_RULE, id: 'p/1>2', from: ['1', '2', '3'], to: ['4', '5'], drop: 1 },
      { ...IDLE_RULE, id: 'p/2>1', from: ['4', '5'], to: ['1', '2', '3'], drop: 1 },
    ]);
  });

  test('one way, only what the first side sends is dropped', () => {
    const { title, rules } = partition('{ sides: [1, 2-8], oneWay: true }');
    assert.equal(title, 'partition 1 > 2-8, one way');
    assert.deepEqual(rules, [
      { ...IDLE_RULE, id: 'p/1>2', from: ['1'], to: ['2', '3', '4', '5', '6', '7', '8'], drop: 1 },
    ]);
  });

  test('a single side is against all others; three sides are six directions; flapping stays with the rules', () => {
    const { title, rules } = partition('{ sides: [[6, 7]], flapping: { on: 500ms, off: 1s } }');
    assert.equal(title, 'partition 6-7 | 1-5, 8, flapping');
    assert.deepEqual(rules[0]!.to, ['1', '2', '3', '4', '5', '8']);
    assert.deepEqual(rules[1]!.flapping, { onMs: 500, offMs: 1000 });
    assert.equal(partition('{ sides: [1-2, 3-4, 5-8] }').rules.length, 6);
  });
});

describe('the timeline', () => {
  test('every kind of fault is planned with its title', () => {
    const plan = planOf(
      scenario(
        'timeline:',
        '  - { at: 1s, crash: 3 }',
        '  - { at: 1s, crash: { nodes: [4, 5], database: lost }, for: 2s }',
        '  - { at: 1s, pause: [1, 2], for: 1500ms }',
        '  - { at: 1s, restart: { nodes: 6 } }',
        '  - { at: 1s, leave: 7 }',
        '  - { at: 1s, slow-disk: { nodes: 1, commit: 20ms } }',
        '  - { at: 1s, clock: { nodes: 2, offset: -1h } }',
        '  - { at: 1s, behave: { nodes: 8, behaviours: [weak-work, { sensor-spam: }] } }',
        '  - { at: 1s, link: [{ from: 1, to: 2, corrupt: 1% }, { id: own, drop: 10% }] }',
        '  - { when: { decisions: 5 }, after: 1s, broker-restart: }',
        '  - { when: { decisions: 5 }, notLater: 3s, broker-restart: { sessions: lost, down: 2s } }',
        '  - { at: 1s, broker-pause: {}, for: 1s }',
        '  - { at: 1s, cut-client: 3 }',
        '  - { at: 1s, queue-limit: { messages: 10 } }',
      ),
    );
    assert.deepEqual(
      plan.timeline.map(({ id, title }) => `${id}: ${title}`),
      [
        'crash-1: crash 3, database kept',
        'crash-2: crash 4-5, database lost',
        'pause-1: pause 1-2',
        'restart-1: restart 6, database kept',
        'leave-1: leave 7',
        'slow-disk-1: slow disk 1: 20 ms a commit',
        'clock-1: clock 2: off by -1 h',
        'behave-1: behave 8: weak-work, sensor-spam',
        'link-1: link 1 > 2: corrupt 1 %, and 1 more',
        'broker-restart-1: broker restart, sessions kept',
        'broker-restart-2: broker restart, sessions lost',
        'broker-pause-1: broker pause',
        'cut-client-1: cut-client 3',
        'queue-limit-1: queue limit: 10 messages',
      ],
    );
    const links = faultOf(plan, 'link-1');
    assert.ok(links.kind === 'link');
    assert.deepEqual(
      links.rules.map(({ id }) => id),
      ['link-1/1', 'own'],
    );
    assert.equal(links.seats.length, 8);
    assert.deepEqual(plan.timeline[9]!.trigger, {
      when: { metric: 'decisions', atLeast: 5 },
      afterMs: 1000,
      notLaterMs: 10_000,
    });
    assert.deepEqual(faultOf(plan, 'broker-restart-2'), { kind: 'broker-restart', sessions: 'lost', downMs: 2000 });
    assert.deepEqual(plan.requires, [
      'link-rules',
      'node-control',
      'node-pause',
      'broker-restart',
      'broker-pause',
      'broker-sessions',
    ]);
  });

  test('capabilities that the file asks for are added', () => {
    assert.deepEqual(planOf(scenario('requires: [board-limits]')).requires, ['board-limits']);
  });
});

describe('checks', () => {
  const checked = (plan: ScenarioPlan) => plan.checks.map(({ id, expect }) => `${id} ${expect}`);
  const PROMISED = [
    'I1',
    'I2',
    'I3',
    'I4',
    'I5',
    'I6',
    'I7',
    'I8',
    'I9',
    'I10',
    'I11',
    'I12',
    'I13',
    'I14',
    'I17',
    'I18',
    'I19',
  ];

  test('say nothing, and what the profile promises is checked; a reference promises nothing', () => {
    assert.deepEqual(
      checked(planOf(scenario())),
      PROMISED.map((id) => `${id} hold`),
    );
    assert.deepEqual(checked(planOf(scenario(), { profile: 'ref-c' })), []);
  });

  test('all are those that mean something under the profile', () => {
    const all = scenario('checks: [{ invariant: all }]');
    assert.equal(planOf(all).checks.length, 19);
    const ref = checked(planOf(all, { profile: 'ref-c' }));
    assert.equal(ref.length, 17);
    assert.ok(!['I7', 'I19', 'I20'].some((id) => ref.includes(`${id} hold`)));
  });

  test('expect differs by profile, and a map is for the profiles in it only', () => {
    const text = scenario(
      'checks:',
      '  - { invariant: [I1, I2], expect: { paper: hold, ref-c: violate } }',
      '  - { at-end: stuck, equals: 0, profiles: [paper] }',
      '  - { metric: forks, atLeast: 1, expect: { ref-c: hold } }',
    );
    assert.deepEqual(checked(planOf(text)), ['I1 hold', 'I2 hold', 'at-end-stuck hold']);
    assert.deepEqual(checked(planOf(text, { profile: 'ref-c' })), ['I1 violate', 'I2 violate', 'metric-forks hold']);
    assert.deepEqual(checked(planOf(text, { profile: 'ref-py' })), []);
  });

  test('an invariant that is named stands above what came with default, whatever the order', () => {
    const named = '  - { invariant: I1, expect: violate, evidence: 3 }';
    for (const lines of [
      ['  - { invariant: default }', named],
      [named, '  - { invariant: default }'],
    ]) {
      const { checks } = planOf(scenario('checks:', ...lines));
      assert.equal(checks.length, PROMISED.length);
      assert.deepEqual([checks[0]!.expect, checks[0]!.evidenceMin], ['violate', 3]);
    }
  });

  test('bounds are in the units of their metrics, and titles say them', () => {
    const { checks } = planOf(
      scenario(
        'timeline: [{ id: split, at: 1s, partition: { sides: [1-4] }, for: 1s }]',
        'checks:',
        '  - { eventually: decisions, atLeast: 3, within: 1m, after: split }',
        '  - { eventually: decisions, atLeast: 1, within: 1500ms }',
        '  - { metric: latency-all-p99, atMost: 1.5s }',
        '  - { metric: decided-share, atLeast: 95%, evidence: 9 }',
        '  - { at-end: stuck, atLeast: 1, atMost: 3, title: a few }',
      ),
    );
    assert.deepEqual(
      checks.map(({ id, title, evidenceMin }) => `${id}: ${title} (${evidenceMin})`),
      [
        'eventually-decisions: decisions >= 3 within 1 m after split (1)',
        'eventually-decisions-2: decisions >= 1 within 1.5 s of the load (1)',
        'metric-latency-all-p99: latency-all-p99 <= 1500 ms (1)',
        'metric-decided-share: decided-share >= 95 % (9)',
        'at-end-stuck: a few (1)',
      ],
    );
    const [first, , latency, share, stuck] = checks;
    assert.ok(
      first?.kind === 'eventually' &&
        latency?.kind === 'metric' &&
        share?.kind === 'metric' &&
        stuck?.kind === 'at-end',
    );
    assert.deepEqual([first.after, first.withinMs], ['split', 60_000]);
    assert.deepEqual(latency.bound, { atLeast: null, atMost: 1500 });
    assert.deepEqual(share.bound, { atLeast: 0.95, atMost: null });
    assert.deepEqual(stuck.bound, { atLeast: 1, atMost: 3 });
  });
});

describe('the lab', () => {
  test('takes services by price alone, parameters of the file and of the command line', () => {
    const { lab } = planOf(scenario('services: { Tea: 1, 2: 3 }', 'parameters: { difficulty: 2, dcoinRate: 7 }'), {
      parameters: { difficulty: 3 },
      lab: 'mine',
    });
    assert.deepEqual(
      lab.services.map(({ name, priceDcoins, program }) => [name, priceDcoins, program.kind]),
      [
        ['2', 3, 'log'],
        ['Tea', 1, 'log'],
      ],
    );
    assert.deepEqual([lab.parameters.difficulty, lab.parameters.dcoinRate, lab.lab], [3, 7, 'mine']);
  });

  test('finds recorded sensor data beside the file', () => {
    const sensors = '[{ topic: t, kind: csv, file: data/a.csv, column: 1, periodMs: 100 }]';
    const [sensor] = planOf(scenario(`workload: { sensors: ${sensors} }`)).lab.sensors as { file: string }[];
    assert.equal(sensor!.file, '/nowhere/data/a.csv');
  });
});
