import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readSchedule } from '../../orchestrator/trace/schedule.ts';
import { json, problems, REQUEST, run, steps } from '../support/trace-files.ts';

describe('bad files', () => {
  test('all problems at once, each with its line, its path, what is expected and what was found', async () => {
    const found = await problems(
      [
        'profile: papre',
        'nodes: 65',
        'colour: blue',
        'wallets: { 1: -1, "a b": 3 }',
        'steps:',
        '  - request: { name: A, requester: 1, service: Tea, priceDcoins: 1.5, tiem: 3 }',
        '  - { deliver: A, to: everyone }',
        '  - { deliver: A, as: 2 }',
        '  - { advance: soon }',
        '  - { jump: 3 }',
        '  - { advance: 5, crash: { node: 1 } }',
        '  - restart: { node: 1, database: gone }',
        '  - expect: { decided: [A], rejected: [lat] }',
        '',
      ].join('\n'),
    );
    assert.deepEqual(found, [
      '1: profile: expected one of paper, ref-c, ref-dds, ref-py, got "papre"',
      '2: nodes: expected integer 1..64, got 65',
      '3: colour: expected one of profile, parameters, nodes, services, wallets, known, steps, got "blue"',
      '4: wallets.1: expected integer 0..2147483647, got -1',
      '4: wallets.a b: expected a key that is an id of 1..32 letters, digits or hyphens, got 3',
      '6: steps[0].request.priceDcoins: expected integer 0..2147483647, got 1.5',
      '6: steps[0].request.tiem: expected one of name, requester, service, priceDcoins, time, state, nonce, got 3',
      '7: steps[1].to: expected all, or a list of nodes, got "everyone"',
      '8: steps[2].to: expected all, or a list of nodes, got nothing',
      '9: steps[3].advance: expected integer 1..86400000, got "soon"',
      '10: steps[4]: expected a step with exactly one of request, order, vote, deliver, sensor, raw, advance, crash, restart, expect, got a map with keys jump',
      '11: steps[5]: expected a step with exactly one of request, order, vote, deliver, sensor, raw, advance, crash, restart, expect, got a map with keys advance, crash',
      '12: steps[6].restart.database: expected one of kept, lost, got "gone"',
      '13: steps[7].expect.decided: expected a map with keys that are an id of 1..32 letters, digits or hyphens, got ["A"]',
      '13: steps[7].expect.rejected: expected a list of codes or a map from code to count; codes: malformed, oversized, bad-field, work-insufficient, unknown-service, wrong-price, unknown-voter, unknown-requester, self-vote, sender-mismatch, late, duplicate, conflicting, evicted, got ["lat"]',
    ]);
  });

  test('parameters by their names', async () => {
    const found = await problems(
      `nodes: 8\nparameters:\n  difficulty: 9\n  dcoinReward: 2\n  majorityThreshold: { numerator: 1, denominator: 3 }\nsteps:\n  - ${REQUEST}\n`,
    );
    assert.deepEqual(
      found.map((line) => line.slice(0, line.indexOf(': expected'))),
      ['3: parameters.difficulty', '4: parameters.dcoinReward', '5: parameters.majorityThreshold'],
    );
  });

  test('parameters override the profile', async () => {
    const { nodes } = await json(
      `nodes: 8\nwallets: 23\nparameters: { dcoinRewardUnits: 3, difficulty: 0, majorityThreshold: { numerator: 7, denominator: 8 } }
steps:\n  - ${REQUEST}\n  - { deliver: A, to: all }\n  - { deliver: votes, for: A, to: all }\n`,
    );
    assert.deepEqual(nodes[0]!.wallets['8'], { units: 26, stateHash: '0'.repeat(64) });
  });

  const rules: readonly [name: string, yaml: string, problem: string][] = [
    [
      'a name is used twice',
      steps(REQUEST, REQUEST),
      '5: steps[1].request.name: expected a name that no earlier step uses, got "A"',
    ],
    [
      'a message is delivered before it exists',
      steps('{ deliver: A, to: all }', REQUEST),
      '4: steps[0].deliver: expected a message of an earlier step (there is none), got "A"',
    ],
    [
      'votes for a vote are asked for',
      steps(
        REQUEST,
        '{ vote: { name: V, voter: 2, for: A, remainingUnits: 5 } }',
        '{ deliver: votes, for: V, to: all }',
      ),
      '6: steps[2].for: expected a request or order of an earlier step (A), got "V"',
    ],
    [
      'a receiver is no member',
      steps(REQUEST, '{ deliver: A, to: [2, 9] }'),
      '5: steps[1].to[1]: expected a member: 1..8, got "9"',
    ],
    [
      'a receiver stands twice',
      steps(REQUEST, '{ deliver: A, to: [2, 2] }'),
      '5: steps[1].to[1]: expected each node once, got 2',
    ],
    [
      'nobody receives',
      steps(REQUEST, '{ deliver: A, to: [] }'),
      '5: steps[1].to: expected a list of at least 1 nodes, got []',
    ],
    [
      'an expectation checks nothing',
      steps('{ expect: { nodes: [1] } }'),
      '4: steps[0].expect: expected something to check, got {"nodes":[1]}',
    ],
    [
      'units without a wallet',
      steps('{ expect: { units: 3 } }'),
      '4: steps[0].expect: expected wallet beside units or stateHash, got no wallet',
    ],
    [
      'a wallet without units',
      steps('{ expect: { wallet: 1 } }'),
      '4: steps[0].expect: expected units or stateHash beside wallet, got neither',
    ],
    [
      'raw bytes twice',
      steps('{ raw: { topic: sensor, text: a, base64: YQ== }, to: all }'),
      '4: steps[0].raw: expected exactly one of text, base64, got both',
    ],
    [
      'base64 that is none',
      steps('{ raw: { topic: sensor, base64: "a" }, to: all }'),
      '4: steps[0].raw.base64: expected base64 with padding, got "a"',
    ],
    [
      'a truncating profile cannot express the balance of a vote',
      `profile: ref-c\n${steps(REQUEST, '{ vote: { name: V, voter: 2, for: A, remainingUnits: 12 } }')}`,
      '6: steps[1].vote.remainingUnits: expected whole DCoins, a multiple of 5 units: ref-c cuts the rest, got 12',
    ],
    [
      'nor select votes by it',
      `profile: ref-c\n${steps(REQUEST, '{ deliver: votes, for: A, remainingUnits: 12, to: all }')}`,
      '6: steps[1].remainingUnits: expected whole DCoins, a multiple of 5 units: ref-c cuts the rest, got 12',
    ],
    [
      'nor count votes by it',
      `profile: ref-c\n${steps(REQUEST, '{ expect: { votesFor: { A: { 12: 0 } } } }')}`,
      '6: steps[1].expect.votesFor.A.12: expected whole DCoins, a multiple of 5 units: ref-c cuts the rest, got "12"',
    ],
    [
      'the text form cannot carry the name',
      `profile: ref-c\n${steps('{ request: { name: A, requester: 1, service: a_b, priceDcoins: 1 } }')}`,
      '5: steps[0].request.service: expected a name without _, which separates the fields of the text form, got "a_b"',
    ],
    [
      'an id is wider than the wire',
      `parameters: { idBytes: 8 }\n${steps('{ request: { name: A, requester: longer-than-8, service: Tea, priceDcoins: 1 } }')}`,
      '5: steps[0].request.requester: expected an id of 1..8 of [A-Za-z0-9-], got "longer-than-8"',
    ],
    ['one node alone', `nodes: 1\nsteps:\n  - { advance: 1 }\n`, '1: nodes: expected at least 2 ids, got 1'],
    [
      'a wallet of a stranger',
      `nodes: 2\nwallets: { 3: 5 }\nsteps:\n  - { advance: 1 }\n`,
      '2: wallets.3: expected a member: 1..2, got "3"',
    ],
    [
      'known wallets where all are known',
      `nodes: 2\nknown: { 1: [1] }\nsteps:\n  - { advance: 1 }\n`,
      '2: known: expected nothing: with networkSize configured every node has the wallet of every member, got {"1":[1]}',
    ],
    [
      'a known wallet that does not exist',
      `profile: ref-c\nnodes: 2\nwallets: { 1: 5 }\nknown: { 1: [1, 2] }\nsteps:\n  - { advance: 1 }\n`,
      '4: known.1[1]: expected an id that is in wallets, got 2',
    ],
    [
      'more periods than anybody waits for',
      `profile: ref-dds\nparameters: { consensusPeriodMs: 1 }\n${steps('{ advance: 86400000 }')}`,
      '6: steps[0].advance: expected at most 1000000 periods over all steps and nodes, got 86400000',
    ],
    ['no steps', 'nodes: 8\nsteps: []\n', '2: steps: expected a list of 1..10000 steps, got []'],
    [
      'no map',
      '- 1\n',
      '1: file: expected a map with keys of profile, parameters, nodes, services, wallets, known, steps, got [1]',
    ],
    [
      'an empty file',
      '',
      '1: file: expected a map with keys of profile, parameters, nodes, services, wallets, known, steps, got null',
    ],
  ];
  for (const [name, yaml, problem] of rules) {
    test(name, async () => assert.deepEqual(await problems(yaml), [problem]));
  }

  test('text that is no YAML document, or two, or a key twice, or a type of its own', async () => {
    assert.match((await problems('nodes: [1\nsteps:\n'))[0]!, /^\d: file: expected one YAML document, got /);
    assert.match(
      (await problems('nodes: 8\n---\nnodes: 8\n'))[0]!,
      /^2: file: expected one YAML document, got .*multiple documents/,
    );
    assert.match((await problems('nodes: 8\nnodes: 8\n'))[0]!, /^2: file: expected one YAML document, got .*unique/);
    assert.match((await problems('nodes: !!int 8\n'))[0]!, /^1: file: expected one YAML document, got .*tag/);
  });

  test('aliases that multiply, nesting without end and a file without end', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g'].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdef'[i]}`).join(',')}]\n`).join('')}`;
    assert.match((await problems(bomb))[0]!, /^1: file: expected one YAML document, got .*alias/);
    assert.equal((await run('['.repeat(200_000))).code, 64);
    assert.match((await problems('#'.repeat(1024 * 1024 + 1)))[0]!, /expected at most 1048576 characters/);
  });

  test('a mutated schedule is read or refused, never anything else', () => {
    const traces = join(import.meta.dirname, '..', 'traces');
    const texts = readdirSync(traces).map((file) => readFileSync(join(traces, file), 'utf8'));
    const noise = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('{', '}', '[', ']', ': ', '- ', '\n  ', '&a ', '*a', '__proto__', 'null', '~', '1e9'),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.tuple(fc.nat(), fc.nat(8), noise), { maxLength: 4 }),
        (text, edits) => {
          let mutated = text;
          for (const [at, cut, put] of edits) {
            const place = at % (mutated.length + 1);
            mutated = mutated.slice(0, place) + put + mutated.slice(place + cut);
          }
          const result = readSchedule(mutated);
          if (!result.ok) {
            assert.ok(result.problems.length > 0);
            for (const { line, path, expected, found } of result.problems) {
              assert.ok(
                line >= 1 && path !== '' && expected !== '' && found !== '',
                JSON.stringify({ line, path, expected, found }),
              );
            }
          }
        },
      ),
      { numRuns: 600 },
    );
  });
});
