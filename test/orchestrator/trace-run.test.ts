import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { json, PURCHASE, problems, REQUEST, run, steps } from '../support/trace-files.ts';

describe('what only shows while it runs', () => {
  const cases: readonly [name: string, yaml: string, problem: string][] = [
    [
      'votes that nobody has cast',
      steps(REQUEST, '{ deliver: votes, for: A, to: all }'),
      '5: steps[1].for: expected votes for A that have been cast, got nobody has voted',
    ],
    [
      'a voter that has not voted',
      steps(REQUEST, '{ deliver: A, to: [2, 3] }', '{ deliver: votes, for: A, from: [3, 4], to: all }'),
      '6: steps[2].from: expected voters with such a vote for A, got 4; cast so far: 2 (13 units), 3 (13 units)',
    ],
    [
      'a balance that nobody has voted for',
      steps(REQUEST, '{ deliver: A, to: [2] }', '{ deliver: votes, for: A, remainingUnits: 3, to: all }'),
      '6: steps[2].for: expected votes for A that have been cast, got cast so far: 2 (13 units)',
    ],
    [
      'a second vote that does not exist',
      steps(REQUEST, '{ deliver: A, to: [2] }', '{ deliver: votes, for: A, round: 2, to: all }'),
      '6: steps[2].for: expected votes for A that have been cast, got cast so far: 2 (13 units)',
    ],
    [
      'a forged vote is not a vote that was cast',
      steps(
        REQUEST,
        '{ vote: { name: V, voter: 2, for: A, remainingUnits: 5 } }',
        '{ deliver: votes, for: A, to: all }',
      ),
      '6: steps[2].for: expected votes for A that have been cast, got nobody has voted',
    ],
    [
      'the request of an order that was refused',
      steps('{ order: { name: O, node: 1, service: Tea, priceDcoins: 9 } }', '{ deliver: O, to: all }'),
      '5: steps[1]: expected the request that order O leads to, got none so far: the order is refused',
    ],
    [
      'a crash of a node that is down',
      steps('{ crash: { node: 3 } }', '{ crash: { node: 3 } }'),
      '5: steps[1].crash.node: expected a node that is up, got 3, which has crashed',
    ],
    [
      'an order to a node that is down',
      steps('{ crash: { node: 3 } }', '{ order: { name: O, node: 3, service: Tea, priceDcoins: 1 } }'),
      '5: steps[1].order.node: expected a node that is up, got 3, which has crashed',
    ],
    [
      'more deliveries than anybody reads',
      steps('{ sensor: { from: 1, count: 100000 }, to: [1], times: 11 }'),
      '4: steps[0]: expected at most 1000000 deliveries in all steps, got 1100000',
    ],
  ];
  for (const [name, yaml, problem] of cases) {
    test(name, async () => assert.deepEqual(await problems(yaml), [problem]));
  }

  test('what was done before the problem is shown', async () => {
    const { code, stdout } = await run(steps(REQUEST, '{ deliver: votes, for: A, to: all }'));
    assert.equal(code, 64);
    assert.match(stdout, / {3}1 {2}request A: 1 asks for Nespresso/);
  });
});

describe('the driver', () => {
  test('delivers nothing that no step delivers, not even to the voter itself', async () => {
    const { nodes, votes } = await json(
      steps(REQUEST, '{ deliver: A, to: all }', '{ advance: 86400000 }', '{ expect: { storedVotes: 0 } }'),
    );
    assert.equal(votes.length, 7);
    assert.ok(nodes.every(({ decided }) => decided.length === 0));
  });

  test('reads ids as the text that was written', async () => {
    const { messages } = await json(
      `profile: ref-c\n${steps('{ request: { name: A, requester: 01, service: 7e3, priceDcoins: 2 } }', '{ sensor: { from: 0x10 }, to: [1] }', '{ expect: { nodes: [1], wallet: 0x10, units: 1 } }')}`,
    );
    assert.equal(messages.A?.requester, '01');
    assert.equal(messages.A?.service, '7e3');
  });

  test('makes a request for the State that the requester sees, GENESIS for a stranger', async () => {
    const { messages } = await json(
      `${PURCHASE}  - request: { name: B, requester: 1, service: Tea, priceDcoins: 1 }\n  - request: { name: C, requester: guest, service: Tea, priceDcoins: 1 }\n  - request: { name: D, requester: 1, service: Tea, priceDcoins: 1, state: genesis }\n`,
    );
    const state = (name: string): string => (messages[name] as { state: string }).state.slice(0, 8);
    assert.deepEqual(['B', 'C', 'D'].map(state), ['299fea05', '00000000', '00000000']);
  });

  test('counts the default time of a request in virtual seconds', async () => {
    const { messages } = await json(
      steps(
        '{ request: { name: A, requester: 1, service: Tea, priceDcoins: 1 } }',
        '{ advance: 2999 }',
        '{ request: { name: B, requester: 1, service: Tea, priceDcoins: 1 } }',
      ),
    );
    assert.deepEqual([messages.A?.time, messages.B?.time], [0, 2]);
  });

  test('two names of one request share its votes', async () => {
    const { expectations } = await json(
      steps(
        REQUEST,
        REQUEST.replace('name: A', 'name: B'),
        '{ deliver: A, to: [2] }',
        '{ expect: { votesFor: { A: 1, B: 1 } } }',
      ),
    );
    assert.equal(expectations.passed, 2);
  });

  test('hands votes over in the order asked for', async () => {
    const { nodes } = await json(
      steps(REQUEST, '{ deliver: A, to: all }', '{ deliver: votes, for: A, from: [8, 6, 2, 4, 3], to: [1] }'),
    );
    assert.deepEqual(nodes[0]!.decided[0]?.voters, ['8', '6', '2', '4', '3']);
  });

  test('tells the transport who sends: the message itself, or as the step says; raw bytes come from nobody', async () => {
    const compact = Buffer.concat([
      Buffer.from('1'.padEnd(32, '\0')),
      Buffer.from('sensor'.padEnd(32, '\0')),
      Buffer.alloc(16),
    ]);
    const raw = (as: string): string =>
      `{ raw: { topic: sensor, base64: "${compact.toString('base64')}" }, to: [2]${as} }`;
    const { nodes } = await json(
      steps('{ sensor: { from: 1 }, to: [2] }', '{ sensor: { from: 1 }, to: [2], as: 3 }', raw(''), raw(', as: 1')),
    );
    assert.deepEqual(nodes[1]!.wallets['1']?.units, 25);
    assert.deepEqual(
      nodes[1]!.rejected.map(({ code, sender }) => [code, sender]),
      [
        ['sender-mismatch', '3'],
        ['sender-mismatch', null],
      ],
    );
  });

  test('a node that is down hears nothing and is read as it was stored', async () => {
    const { code, stdout } = await run(
      steps(
        '{ sensor: { from: 1 }, to: all }',
        '{ crash: { node: 3 } }',
        '{ sensor: { from: 1 }, to: all }',
        '{ expect: { nodes: [3], wallet: 1, units: 24 } }',
        '{ restart: { node: 3, database: kept } }',
        '{ expect: { nodes: [3], wallet: 1, units: 24 } }',
        '{ sensor: { from: 1 }, to: all }',
        '{ expect: { nodes: [3], wallet: 1, units: 25 } }',
        '{ restart: { node: 3, database: lost } }',
        '{ expect: { nodes: [3], wallet: 1, units: 0 } }',
        '{ expect: { nodes: [1, 2, 4], wallet: 1, units: 26 } }',
      ),
    );
    assert.equal(code, 0, stdout);
    assert.match(stdout, /deliver 1 sensor transaction of 1 to 1-8 \(3 down\)/);
  });

  test('a crash between storing and sending leaves exactly one vote after the restart', async () => {
    const crash = ['{ crash: { node: 3, when: after-persist } }', '{ deliver: A, to: [2, 3] }'];
    const before = await json(steps(REQUEST, ...crash));
    assert.deepEqual(
      before.votes.map(({ voter }) => voter),
      ['2'],
    );
    const { votes } = await json(
      steps(
        REQUEST,
        ...crash,
        '{ restart: { node: 3, database: kept } }',
        '{ deliver: A, to: [3] }',
        '{ restart: { node: 3, database: kept } }',
      ),
    );
    assert.deepEqual(votes, [
      { voter: '2', for: 'A', remainingUnits: 13, nonce: 6 },
      { voter: '3', for: 'A', remainingUnits: 13, nonce: 0 },
    ]);
  });

  test('a crash that was armed and never happens is a failure', async () => {
    const armed = '{ crash: { node: 3, when: after-persist } }';
    for (const rest of [[], ['{ restart: { node: 3, database: kept } }'], ['{ crash: { node: 3 } }']]) {
      const { code, stdout } = await run(
        steps(armed, '{ deliver: A, to: [2] }'.replace('deliver: A', 'sensor: { from: 1 }'), ...rest),
      );
      assert.equal(code, 1);
      assert.match(
        stdout,
        /step 1, line 4: FAIL {2}crash of 3 between storing and sending at 3: expected it happens, found no step/,
      );
    }
  });

  test('periods fire in order of time and, at the same time, of node', async () => {
    const { votes } = await json(
      `profile: ref-dds\n${steps(
        REQUEST,
        '{ advance: 500 }',
        '{ restart: { node: 2, database: kept } }',
        '{ deliver: A, to: all }',
        '{ advance: 1999 }',
        '{ expect: { votesFor: { A: 6 } } }',
        '{ advance: 1 }',
      )}`,
    );
    assert.deepEqual(
      votes.map(({ voter }) => voter),
      ['3', '4', '5', '6', '7', '8', '2'],
    );
  });

  test('sixty-four nodes run', async () => {
    const { nodes, expectations } = await json(
      `nodes: 64\nwallets: 23\nsteps:\n  - ${REQUEST}\n  - { deliver: A, to: all }\n  - { deliver: votes, for: A, to: all }\n  - { expect: { decided: { 1: A }, votesFor: { A: 63 }, quorum: 43 } }\n`,
    );
    assert.equal(nodes.length, 64);
    assert.equal(expectations.failed, 0);
  });
});
