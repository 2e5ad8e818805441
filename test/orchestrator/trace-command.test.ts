import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { HEAD_SHAPE, STEP_SHAPES } from '../../orchestrator/trace/schedule-shape.ts';
import { traceCommand } from '../../orchestrator/trace/trace-command.ts';
import type { TraceJson } from '../../orchestrator/trace/trace-json.ts';
import { command, fileOf, folder, json, PURCHASE, run, steps } from '../support/trace-files.ts';

describe('what a run ends with', () => {
  test('0 and the counts when all expectations hold', async () => {
    const { code, stdout, stderr } = await run(`${PURCHASE}  - expect: { decided: { 1: A }, wallet: 1, units: 13 }\n`);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /quorum 5\n/);
    assert.match(stdout, / {3}2 {2}deliver A to 1-8\n {6}2-8: votes for A, 13 units remain\n/);
    assert.match(
      stdout,
      /1: decides A by votes of 2, 3, 4, 5, 6: wallet 1 at 13 units, State 299fea05; .*; starts Nespresso/,
    );
    assert.match(stdout, /4 steps, 7 votes cast, 2 expectations passed, 0 failed\n$/);
  });

  test('1 with the expected and the found value when one does not hold', async () => {
    const { code, stdout } = await run(`${PURCHASE}  - expect: { nodes: [2, 3], wallet: 1, units: 10 }\n`);
    assert.equal(code, 1);
    assert.match(stdout, /step 4, line 7: FAIL {2}units of wallet 1 at 2-3: expected 10, found 13 at 2, 3\n/);
    assert.match(stdout, /0 expectations passed, 1 failed\n$/);
  });

  test('the failures go to stderr beside the JSON', async () => {
    const { code, stdout, stderr } = await run(`${PURCHASE}  - expect: { wallet: 1, units: 10 }\n`, '--json');
    assert.equal(code, 1);
    assert.match(stderr, /^step 4, line 7: FAIL .*expected 10, found 13/);
    assert.deepEqual((JSON.parse(stdout) as TraceJson).expectations, {
      passed: 0,
      failed: 1,
      failures: [
        {
          step: 4,
          line: 7,
          text: 'units of wallet 1',
          nodes: ['1', '2', '3', '4', '5', '6', '7', '8'],
          expected: '10',
          found: '13 at 1, 2, 3, 4, 5, 6, 7, 8',
        },
      ],
    });
  });

  test('70 and a report when something breaks inside', async () => {
    let stderr = '';
    const code = await traceCommand([fileOf(PURCHASE)], {
      stdout: () => {
        throw new Error('broken inside');
      },
      stderr: (text) => (stderr += text),
    });
    assert.equal(code, 70);
    assert.match(stderr, /bug of Wallance Lab[\s\S]*broken inside/);
  });

  test('a schedule that expects nothing says that nothing was checked', async () => {
    const { code, stdout } = await run(PURCHASE);
    assert.equal(code, 0);
    assert.match(stdout, /it expects nothing, so nothing was checked\n$/);
  });

  test('the JSON has messages, votes, nodes and expectations', async () => {
    const result = await json(
      `${PURCHASE}  - vote: { name: V, voter: ghost0, for: A, remainingUnits: 5 }\n  - { deliver: V, to: [2] }\n`,
    );
    assert.deepEqual(Object.keys(result), ['messages', 'votes', 'nodes', 'expectations']);
    const { A, V } = result.messages;
    assert.equal(A?.kind, 'request');
    assert.equal(A?.nonce, 20);
    assert.equal(A?.powHash.slice(0, 8), '045af369');
    assert.equal(V?.kind, 'vote');
    assert.match(V?.powHash ?? '', /^0[0-9a-f]{63}$/);
    assert.deepEqual(result.votes[0], { voter: '2', for: 'A', remainingUnits: 13, nonce: 6 });
    assert.deepEqual(
      result.votes.map(({ voter }) => voter),
      ['2', '3', '4', '5', '6', '7', '8'],
      'the forged vote is not cast',
    );
    const [first, second] = result.nodes;
    const stateHash = '299fea059e67c8521fe450e0cb4ab23cdee7d4433a42adfa18ed3a7e3d9e6fd5';
    assert.deepEqual(Object.keys(first!), ['id', 'wallets', 'decided', 'rejected', 'services']);
    assert.deepEqual(first!.wallets['1'], { units: 13, stateHash });
    assert.deepEqual(first!.decided, [{ requester: '1', request: 'A', stateHash, voters: ['2', '3', '4', '5', '6'] }]);
    assert.deepEqual(first!.services, [`1_${'0'.repeat(64)}_1000`]);
    assert.deepEqual(second!.services, []);
    assert.deepEqual(
      second!.rejected.map(({ code }) => code),
      ['late', 'late', 'unknown-voter'],
    );
    assert.deepEqual(result.expectations, { passed: 0, failed: 0, failures: [] });
  });
});

describe('every kind of expectation can fail', () => {
  const cases: readonly [expect: string, expected: string, found: string][] = [
    ['{ wallet: 1, units: 14 }', '14', '13'],
    ['{ wallet: 99, units: 0 }', '0', 'no wallet'],
    ['{ wallet: 1, stateHash: 299fea06 }', '299fea06', '299fea05'],
    ['{ wallet: 1, stateHash: genesis }', 'genesis', '299fea05'],
    ['{ wallet: 2, stateHash: 299fea05 }', '299fea05', '00000000'],
    ['{ decided: { 1: null } }', 'nothing', 'A'],
    ['{ decided: { 2: A } }', 'A', 'nothing'],
    ['{ votesFor: { A: 6 } }', '6', '7'],
    ['{ votesFor: { A: { 13: 6, 10: 1 } } }', '1 x 10, 6 x 13', '7 x 13'],
    ['{ storedVotes: 1 }', '1', '0'],
    ['{ storedRequests: 1 }', '1', '0'],
    ['{ wallets: 7 }', '7', '8'],
    ['{ quorum: 6 }', '6', '5'],
    ['{ services: { 1: [] } }', 'none', `1_${'0'.repeat(64)}_1000`],
    ['{ services: { 1: [1_<state>_1001] } }', '1_<state>_1001', `1_${'0'.repeat(64)}_1000`],
    ['{ services: { 2: [1_<state>_1000] } }', '1_<state>_1000', 'none'],
    ['{ rejected: [] }', 'none', '2 x late'],
    ['{ rejected: [late, duplicate] }', 'at least one late, one duplicate', '2 x late'],
    ['{ rejected: { late: 1 } }', '1 x late', '2 x late'],
    ['{ nonce: { A: 21 } }', '21', '20'],
    ['{ powHash: { A: 045af360 } }', '045af360', '045af369'],
    ['{ voteNonces: { A: { 2: 7 } } }', '7', '6'],
    ['{ voteNonces: { A: { 2: [6, 6] } } }', '6, 6', '6'],
    ['{ voteNonces: { A: { 1: 0 } } }', '0', 'none'],
  ];
  for (const [expect, expected, found] of cases) {
    test(expect, async () => {
      const { expectations } = await json(`${PURCHASE}  - expect: ${expect}\n`);
      assert.equal(expectations.failed, 1);
      assert.equal(expectations.failures[0]?.expected, expected);
      assert.equal(expectations.failures[0]?.found.replace(/ at 1, 2, 3, 4, 5, 6, 7, 8$/, ''), found);
    });
  }

  test('{ orders: ... }', async () => {
    const order = '{ order: { name: O, node: 1, service: Tea, priceDcoins: 9 } }';
    const { expectations } = await json(steps(order, '{ expect: { orders: { O: requested } } }'));
    assert.equal(expectations.failures[0]?.found, 'refused');
  });

  test('each entry counts for itself, and nodes that differ are told apart', async () => {
    const { expectations } = await json(
      steps('{ sensor: { from: 1 }, to: [2, 3] }', '{ expect: { wallet: 1, units: 24, storedVotes: 0 } }'),
    );
    assert.equal(expectations.passed, 1);
    assert.equal(expectations.failed, 1);
    assert.equal(expectations.failures[0]?.found, '23 at 1, 4, 5, 6, 7, 8');
  });

  test('a State is compared in any case and as a prefix', async () => {
    const { expectations } = await json(`${PURCHASE}  - expect: { wallet: 1, stateHash: 299FEA059E }\n`);
    assert.deepEqual(expectations, { passed: 1, failed: 0, failures: [] });
  });
});

describe('bad arguments', () => {
  test('all problems at once', async () => {
    const { code, stderr } = await command('--fast', 'a.yaml', 'b.yaml', '-v');
    assert.equal(code, 64);
    assert.match(stderr, /--fast: expected --json or nothing/);
    assert.match(stderr, /-v: expected --json or nothing/);
    assert.match(stderr, /FILE: expected one file, got "a.yaml" and "b.yaml"/);
    assert.match(stderr, /usage: wallance trace FILE.yaml \[--json\]/);
  });

  test('no file, a file that is not there, a directory', async () => {
    assert.match((await command('--json')).stderr, /FILE: expected one file, got none/);
    for (const path of [join(folder, 'nowhere.yaml'), folder]) {
      const { code, stderr } = await command(path);
      assert.equal(code, 64);
      assert.match(stderr, /cannot be read/);
    }
  });

  test('--help says how it is used and names every key that a file may have', async () => {
    const { code, stdout } = await command('--help');
    assert.equal(code, 0);
    assert.match(stdout, /^usage: wallance trace/);
    const { request, order, vote, sensor, raw, crash, restart, expect } = STEP_SHAPES;
    const inner = [request.shape.request, order.shape.order, vote.shape.vote, sensor.shape.sensor, raw.shape.raw];
    const others = [crash.shape.crash, restart.shape.restart, expect.shape.expect];
    const shapes = [HEAD_SHAPE, ...Object.values(STEP_SHAPES), ...inner, ...others];
    const keys = shapes.flatMap((shape) => Object.keys(shape.shape));
    assert.ok(keys.length > 50);
    for (const key of keys) assert.match(stdout, new RegExp(`\\b${key}\\b`), key);
  });
});
