/** Conditions as they come from outside: a configuration, a command. Every problem at once, nothing thrown. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Behaviour } from '../../node/behaviours/behaviour.ts';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { readConfig } from '../../node/host/config.ts';
import { behaviourProblems, readBehaviours, readConditions } from '../../node/host/read-conditions.ts';
import { describeProblem } from '../../node/protocol/parameters.ts';
import { ByzantineWorld } from '../support/byzantine-world.ts';
import { EVERY_BEHAVIOUR } from '../support/every-behaviour.ts';

const problemsOf = (result: ReturnType<typeof readConditions> | ReturnType<typeof readBehaviours>) =>
  result.ok ? [] : result.problems.map(describeProblem);
const sides = { left: ['1'], right: ['2'] };

describe('conditions', () => {
  it('are read as they are written, through JSON', () => {
    const conditions = { behaviours: EVERY_BEHAVIOUR, commitDelayMs: 5, clockOffsetMs: -3_600_000, sensors: false };
    const result = readConditions(JSON.parse(JSON.stringify(conditions)), 'conditions');
    assert.deepEqual(result, { ok: true, conditions });
  });

  it('are normal where nothing is said', () => {
    assert.deepEqual(readConditions({}, 'conditions'), { ok: true, conditions: NORMAL_CONDITIONS });
  });

  it('say all that is wrong with them at once', () => {
    const wrong = {
      behaviours: [
        { kind: 'silent-voter', loudness: 3 },
        { kind: 'wrong-remaining', byUnits: 0 },
        { kind: 'wrong-remaining' },
        { kind: 'shouting' },
        'silent-voter',
        { kind: 'equivocating-voter', sides: { left: ['1'], right: ['1'] }, byUnits: 1.5 },
        { kind: 'double-spender', sides: null, gapMs: -1, service: 7, crossed: true },
        { kind: 'double-spender', sides, gapMs: 0, service: null },
        { kind: 'forged-voter', voters: [] },
        { kind: 'selective-sender', messages: 'some', to: ['1', '1', "'"] },
        { kind: 'sensor-spam', perSecond: 10_001 },
      ],
      commitDelayMs: 60_001,
      clockOffsetMs: 'tomorrow',
      sensors: 'no',
      weather: 'bad',
    };
    assert.deepEqual(problemsOf(readConditions(wrong, 'c')).sort(), [
      'c.behaviours[0].loudness: expected one of kind, got an unknown name (nearest: kind)',
      'c.behaviours[10].perSecond: expected integer 1..10000, got 10001',
      'c.behaviours[1].byUnits: expected not 0, got 0',
      'c.behaviours[2].byUnits: expected integer -2147483647..2147483647, got nothing',
      `c.behaviours[3].kind: expected one of ${EVERY_BEHAVIOUR.map(({ kind }) => kind).join(', ')}, got "shouting"`,
      'c.behaviours[4]: expected an object, got "silent-voter"',
      'c.behaviours[5].byUnits: expected integer -2147483647..2147483647, got 1.5',
      'c.behaviours[5].sides: expected no member on both sides, got "1"',
      'c.behaviours[6].crossed: expected false where there are no sides, got true',
      'c.behaviours[6].gapMs: expected integer 0..3600000, got -1',
      'c.behaviours[6].service: expected a name of 1..32 bytes of UTF-8 without NUL, got 7',
      'c.behaviours[7].crossed: expected true or false, got nothing',
      'c.behaviours[8].voters: expected at least 1, got 0',
      'c.behaviours[9].messages: expected one of requests, votes, both, got "some"',
      'c.behaviours[9].to[1]: expected an id named once, got "1"',
      `c.behaviours[9].to[2]: expected 1..32 of [A-Za-z0-9-], got "'"`,
      'c.clockOffsetMs: expected integer -315360000000..315360000000, got "tomorrow"',
      'c.commitDelayMs: expected integer 0..60000, got 60001',
      'c.sensors: expected true or false, got "no"',
      'c.weather: expected one of behaviours, commitDelayMs, clockOffsetMs, sensors, got an unknown name (nearest: behaviours)',
    ]);
  });

  it('of any shape are a result', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(sides, ['1'], 'Tea', 1, true, null));
    const behaviour = fc.record(
      Object.fromEntries(
        ['sides', 'byUnits', 'copies', 'everyMs', 'gapMs', 'service', 'crossed', 'voters', 'to', 'ring'].map((name) => [
          name,
          field,
        ]),
      ),
      { requiredKeys: [] },
    );
    const kind = fc.constantFrom(...EVERY_BEHAVIOUR.map((one) => one.kind), 'other');
    const list = fc.array(
      fc.oneof(
        field,
        fc.tuple(kind, behaviour).map(([name, rest]) => ({ ...rest, kind: name })),
      ),
    );
    fc.assert(
      fc.property(fc.oneof(list, field), (value) => {
        const result = readBehaviours(value, 'b');
        if (result.ok) assert.deepEqual(result.behaviours, value);
        else assert.ok(result.problems.length > 0);
        readConditions({ behaviours: value }, 'c');
        readConditions(value, 'c');
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('name members and services of the lab', () => {
    const { profile } = new ByzantineWorld({ n: 4 });
    assert.deepEqual(behaviourProblems(EVERY_BEHAVIOUR, profile, 'b'), []);
    const narrow = { ...profile, parameters: { ...profile.parameters, idBytes: 8 as const } };
    const wrong: Behaviour[] = [
      { kind: 'equivocating-voter', sides: { left: ['1', '9'], right: ['8'] }, byUnits: 1 },
      { kind: 'overspender', service: 'whisky', everyMs: 1 },
      { kind: 'forged-voter', voters: ['ninedigit', 'ghost'] },
      { kind: 'selective-sender', messages: 'votes', to: ['7'] },
      { kind: 'reward-ring', ring: ['6'], service: 'Tea' },
    ];
    assert.deepEqual(behaviourProblems(wrong, narrow, 'b').map(describeProblem), [
      'b[0].sides.left: expected members of the lab, got "9"',
      'b[0].sides.right: expected members of the lab, got "8"',
      'b[1].service: expected one of Nespresso, Tea, got "whisky"',
      'b[2].voters: expected an id of 1..8 of [A-Za-z0-9-], got "ninedigit"',
      'b[3].to: expected members of the lab, got "7"',
      'b[4].ring: expected members of the lab, got "6"',
    ]);
  });

  it('stand in WALLANCE_CONDITIONS', () => {
    const environment = {
      WALLANCE_NODE: '1',
      WALLANCE_MEMBERS: '1,2',
      WALLANCE_FABRIC_URL: 'mqtt://127.0.0.1',
      WALLANCE_DATA_DIR: '/nowhere',
    };
    const read = (text: string) => {
      const result = readConfig({ ...environment, WALLANCE_CONDITIONS: text });
      return result.ok ? result.config.conditions : result.problems.map(describeProblem);
    };
    assert.deepEqual(read('{"sensors":false}'), { ...NORMAL_CONDITIONS, sensors: false });
    assert.deepEqual(read(''), NORMAL_CONDITIONS);
    assert.deepEqual(read('{"behaviours":[{"kind":"withholding","delayMs":0}],"sensors":1}'), [
      'WALLANCE_CONDITIONS.behaviours[0].delayMs: expected integer 1..3600000, got 0',
      'WALLANCE_CONDITIONS.sensors: expected true or false, got 1',
    ]);
    assert.match(String(read('silent')), /WALLANCE_CONDITIONS: expected a JSON object, got text that is not JSON/);
    assert.match(String(read('[]')), /WALLANCE_CONDITIONS: expected an object, got \[\]/);
  });
});
