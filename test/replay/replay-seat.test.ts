import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';
import { differenceOf, RecordedSeats } from '../support/replayed-seats.ts';
import { eventfulPlan, fault, simulatedPlan } from '../support/simulated-plan.ts';

/** Everything is compared: all inputs of all lives, and the final report. */
function assertSame(recorded: RecordedSeats, seats: readonly string[], finals = true): void {
  for (const seat of seats) {
    const replay = recorded.replay(seat);
    assert.equal(replay.difference, null, differenceOf(replay));
    assert.ok(replay.inputs > 50, `seat ${seat}: ${replay.inputs} inputs`);
    assert.equal(replay.final, finals ? true : replay.final, `seat ${seat}: its final report`);
  }
}

const slow = (plan: ScenarioPlan): ScenarioPlan => ({
  ...plan,
  timeline: [
    fault('slow', 0, 9000, { kind: 'slow-disk', seats: ['3', '4', '5'], commitMs: 40 }),
    ...[1000, 1800, 2600, 3400].map((atMs, i) =>
      fault(`crash-${i}`, atMs, 300, { kind: 'crash', seats: ['3', '4', '5'], database: 'kept' }),
    ),
  ],
});

describe('the record of a node', () => {
  it('is what a core does with the same inputs, through crashes, lost databases and lying peers', () => {
    for (const seed of ['a', 'b', 'c']) {
      const recorded = new RecordedSeats(eventfulPlan(seed));
      // Seat 8 lies for a while.
      assertSame(recorded, ['1', '2', '3', '4', '5', '6', '7'], false);
      assert.equal(recorded.replay('6').lives, 2);
      const liar = recorded.replay('8');
      assert.match(
        liar.notes.join(),
        /not compared from here on: it is Byzantine \(wrong-remaining, hostile-payloads\)/,
      );
      assert.equal(liar.final, null);
    }
  });

  it('is complete under every profile, with periods and with nonces that take long', () => {
    const everybody = ['1', '2', '3', '4', '5', '6', '7', '8'];
    for (const profile of ['paper', 'ref-c', 'ref-dds', 'ref-py']) {
      const plan = simulatedPlan({ profile, purchases: 12, everyMs: 400, sensors: true });
      assertSame(new RecordedSeats(plan), everybody, profile === 'paper');
    }
    const polling = { schedule: 'period', consensusPeriodMs: 500 };
    assertSame(new RecordedSeats(simulatedPlan({ parameters: polling, everyMs: 900 })), everybody);
    assertSame(new RecordedSeats(simulatedPlan({ parameters: { difficulty: 3 } })), everybody);
  });

  it('lacks what a crash swallowed behind a commit, and this is found again', () => {
    const recorded = new RecordedSeats(simulatedPlan({ purchases: 40, everyMs: 60, fundUnits: 60, change: slow }));
    assertSame(recorded, ['3', '4', '5'], false);
    const notes = ['3', '4', '5'].flatMap((seat) => recorded.replay(seat).notes);
    const found = notes.filter((note) => note.includes('killed between a commit and its lines'));
    assert.ok(found.length >= 2, notes.join('\n'));
    assert.match(found.join(), /(vote|req|sensor)\.rx of line \d+, which came again, explains the rows/);
  });
});

describe('a record that ends some transactions before a crash', () => {
  const recorded = new RecordedSeats(
    simulatedPlan({
      purchases: 4,
      sensors: true,
      change: (plan) => ({
        ...plan,
        loadMs: 12_000,
        endsEarly: false,
        timeline: [fault('crash', 9000, 300, { kind: 'crash', seats: ['3'], database: 'kept' })],
      }),
    }),
  );
  const lines = recorded.lines.get('3')!;
  const boot = lines.findLastIndex((line) => line.includes('"event":"boot"'));
  const units = (id: string): string => {
    const line = lines.find((candidate, i) => i > boot && candidate.includes(`"event":"wallet","id":"${id}"`))!;
    return String((JSON.parse(line) as { readonly cU: number }).cU);
  };
  /** Each of the last lines about sensor data with the wallet line behind it. */
  const lost: string[] = [];
  for (let i = boot - 2; lost.length < 4 && lines[i]!.includes('"event":"sensor.rx"'); i -= 2) lost.unshift(lines[i]!);
  const shortened = (again: readonly string[]): readonly string[] => {
    const start = lines.findIndex((line, i) => i > boot && line.includes('"event":"session","link":"fabric"'));
    return [...lines.slice(0, boot - 2 * lost.length), ...lines.slice(boot, start), ...again, ...lines.slice(start)];
  };

  it('is completed by what the fabric delivers again', () => {
    assert.ok(lost.length >= 2, `${lost.length} sensor transactions before the crash`);
    const again = lost.map((line) => {
      const [, publisher] = /"pub":"(\w+)"/.exec(line)!;
      return line.replace(/"c":\d+,"counted":true/, `"c":${units(publisher!)},"counted":false,"reason":"duplicate"`);
    });
    const replay = recorded.replay('3', shortened(again));
    assert.equal(replay.difference, null, differenceOf(replay));
    assert.match(
      replay.notes.join(),
      new RegExp(`sensor.rx of line \\d+, which came again, and ${lost.length - 1} more explain`),
    );
  });

  it('is not what the core does where nothing comes again', () => {
    assert.match(recorded.replay('3', shortened([])).difference!.why, /nor what it was told again/);
  });
});

describe('a record that is not what the core does', () => {
  const recorded = new RecordedSeats(simulatedPlan({ purchases: 16 }));
  const lines = recorded.lines.get('3')!;
  const at = (event: string, from = 0): number =>
    lines.findIndex((line, i) => i >= from && line.includes(`"event":"${event}"`));
  const decided = at('decide', lines.length / 2);

  const planted: readonly (readonly [what: string, line: number, change: (line: string) => readonly string[]])[] = [
    [
      'a balance',
      at('wallet', decided),
      (line) => [line.replace(/"cU":(\d+)/, (_, units) => `"cU":${Number(units) + 1}`)],
    ],
    ['the remaining units of a decision', decided, (line) => [line.replace(/"remU":\d+/, '"remU":1')]],
    ['its voters', decided, (line) => [line.replace(/"voters":\["\d"/, '"voters":["9"')]],
    ['what was voted', at('vote.cast', decided), (line) => [line.replace(/"remU":\d+/, '"remU":2')]],
    [
      'a vote that was not counted',
      at('vote.rx', decided),
      (line) => [line.replace(/"counted":\w+/, '"counted":"no"')],
    ],
    ['a reward', at('credit', decided), (line) => [line.replace('"deltaU":10', '"deltaU":2')]],
    ['a nonce', at('vote.tx', decided), (line) => [line.replace(/"nonce":\d+/, '"nonce":-1')]],
    ['a line too many', at('credit', decided), (line) => [line, line]],
    ['a line too few', at('credit', decided), () => []],
    ['a decision out of nothing', at('session'), (line) => [line, lines[decided]!]],
  ];
  for (const [what, line, change] of planted) {
    it(`is found: ${what}`, () => {
      assert.ok(line > 0, 'there is such a line');
      const edited = [...lines.slice(0, line), ...change(lines[line]!), ...lines.slice(line + 1)];
      assert.notDeepEqual(edited, lines);
      const { difference } = recorded.replay('3', edited);
      assert.ok(difference !== null, 'nothing was found');
      assert.ok(
        difference.line >= line + 1 && difference.line <= line + 12,
        `line ${line + 1}, found in ${difference.line}`,
      );
      assert.equal(difference.recorded, edited[difference.line - 1] ?? null);
      assert.deepEqual(difference.before, edited.slice(Math.max(0, difference.line - 7), difference.line - 1));
    });
  }

  it('is found where a vote that counted was never heard', () => {
    const heard = lines.findLastIndex((line, i) => i < decided && line.includes('"event":"vote.rx"'));
    const { difference } = recorded.replay('3', [...lines.slice(0, heard), ...lines.slice(heard + 1)]);
    assert.equal(difference?.recorded, lines[decided]);
    assert.equal(difference?.made, null);
  });

  it('is found where the store gave back other rows than it was given', () => {
    const crashing = new RecordedSeats(
      simulatedPlan({
        purchases: 16,
        change: (plan) => ({
          ...plan,
          timeline: [fault('crash', 700, 300, { kind: 'crash', seats: ['3'], database: 'kept' })],
        }),
      }),
    );
    assert.equal(crashing.replay('3').difference, null);
    const edited = crashing.lines
      .get('3')!
      .map((line) => line.replace(/"dbEmpty":false,"rows":"\w{4}/, '"dbEmpty":false,"rows":"0000'));
    assert.match(crashing.replay('3', edited).difference!.why, /not those that the record led to/);
  });

  it('is found where the final report says something else', () => {
    const { difference } = recorded.replay('3', lines, (report) => ({
      ...report,
      storedVotes: report.storedVotes + 1,
    }));
    assert.match(difference!.why, /the final report says something else/);
    assert.equal(difference!.line, lines.length + 1);
  });
});
