import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type AttackData, type AttackRun, simulateAttack } from '../../../orchestrator/paper/attack-runs.ts';
import { ATTACKS, type Attack } from '../../../orchestrator/paper/attack-scenarios.ts';
import type { PaperTable } from '../../../orchestrator/paper/paper-results.ts';
import { attacksPart } from '../../../orchestrator/paper/parts/attacks.ts';
import {
  cellsOf,
  FULL_OPTIONS,
  measureContext,
  measuredRecord,
  presented,
  QUICK_OPTIONS,
  unmeasuredRecord,
} from '../../support/paper-section.ts';

const attackOf = (id: string): Attack => ATTACKS.find((attack) => attack.id === id)!;

function run(changed: Partial<AttackRun> = {}): AttackRun {
  return {
    seed: '7-1',
    replay: 'npx wallance run x.yaml',
    orders: 24,
    decided: 24,
    stuck: { double: 0, split: 0, unfunded: 0, stale: 0, lost: 0, unexplained: 0 },
    waiting: 0,
    refused: 0,
    forks: 0,
    agreementViolated: false,
    latencyMsP50: 6,
    byzantineActs: 3,
    ...changed,
  };
}

function dataOf(attack: string, ...runs: readonly AttackRun[]): AttackData {
  const byAttackers = Object.fromEntries(
    runs.map((one, attackers) => [String(attackers), { attackers, file: 'x.yaml', runs: [one, one] }]),
  );
  return { attack, scenario: 'x', profile: 'paper', byAttackers };
}

/** Of rows with `title`, what stands in the column. */
function column({ columns, rows }: PaperTable, title: string, name: string): readonly unknown[] {
  const index = columns.findIndex((candidate) => candidate.title === name);
  return rows
    .filter(([first]) => first?.kind === 'text' && first.text === title)
    .map((row) => {
      const cell = row[index]!;
      return cell.kind === 'text' ? cell.text : cell.kind === 'figure' ? cell.value : cell.kind;
    });
}

describe('attacks, measured', () => {
  it('three equivocators of eight fork a wallet, two do not; the same seed gives the same figures', async () => {
    const context = measureContext();
    const few: Attack = { ...attackOf('equivocators'), counts: [0, 2, 3] };
    const data = await simulateAttack(few, 1, context);
    const one = (attackers: number): AttackRun => data.byAttackers[String(attackers)]!.runs[0]!;
    assert.equal(one(0).decided, 24);
    assert.deepEqual([one(2).forks, one(2).agreementViolated], [0, false]);
    assert.deepEqual([one(3).forks > 0, one(3).agreementViolated], [true, true]);
    assert.deepEqual(await simulateAttack(few, 1, measureContext()), data);
  });

  it('leaves the scenario of each case, and the command that runs it again', async () => {
    const context = measureContext();
    const data = await simulateAttack({ ...attackOf('silent'), counts: [0, 3] }, 1, context);
    const { file, runs } = data.byAttackers['3']!;
    assert.equal(file, 'raw/made-up/silent-3.yaml');
    assert.match(readFileSync(join(context.directory, 'silent-3.yaml'), 'utf8'), /name: silent-3-of-8/);
    assert.equal(runs[0]!.replay, 'npx wallance run raw/made-up/silent-3.yaml --runtime simulated --seed 7-1');
    assert.equal(runs[0]!.decided, 0);
    assert.equal(runs[0]!.stuck.lost + runs[0]!.waiting, 24);
  });

  it('ends with the reason of an interrupt', async () => {
    const interrupted = AbortSignal.abort(new Error('enough'));
    await assert.rejects(simulateAttack(attackOf('silent'), 1, measureContext({ signal: interrupted })), /enough/);
  });
});

describe('attacks, presented', () => {
  it('says of each case whether the rules hold, stall or break', () => {
    const lost = { double: 0, split: 0, unfunded: 0, stale: 0, lost: 5, unexplained: 0 };
    const stalled = run({ decided: 0, stuck: lost, waiting: 19, latencyMsP50: null });
    const records = new Map([
      measuredRecord(
        'attack-equivocators',
        dataOf(
          'equivocators',
          run(),
          run(),
          run({ decided: 12 }),
          run({ decided: 12, forks: 1, agreementViolated: true }),
        ),
      ),
      measuredRecord('attack-silent', dataOf('silent', run(), run({ latencyMsP50: 9 }), stalled)),
    ]);
    const section = presented(attacksPart, records);
    const [outcomes, stuck] = section.tables as readonly [PaperTable, PaperTable];
    assert.deepEqual(column(outcomes, 'equivocators', 'verdict'), ['holds', 'holds', 'stalls', 'breaks']);
    assert.deepEqual(column(outcomes, 'equivocators', 'decided'), [100, 100, 50, 50]);
    assert.deepEqual(column(outcomes, 'equivocators', 'runs with a fork'), [0, 0, 0, 2]);
    assert.deepEqual(column(outcomes, 'silent voters', 'against none'), [1, 1.5, 'missing']);
    assert.deepEqual(column(stuck, 'silent voters', 'lost'), [10]);
    assert.match(section.finding, /^Wallets fork under equivocators from 3 of 8 \(2 of 2 runs\)/);
    assert.match(section.finding, /fewer purchases are decided under silent voters from 2 of 8 \(0 %\)/);
    assert.deepEqual(
      section.plots[0]!.series.map(({ name, points }) => [name, points.map(({ x, y }) => [x, y])]),
      [
        [
          'silent voters',
          [
            [0, 100],
            [1, 100],
            [2, 0],
          ],
        ],
        [
          'equivocators',
          [
            [0, 100],
            [1, 100],
            [2, 50],
            [3, 50],
          ],
        ],
      ],
    );
  });

  it('sets live runs beside the simulated ones', () => {
    const records = new Map([
      measuredRecord('attack-equivocators', dataOf('equivocators', run(), run(), run(), run())),
      measuredRecord('attack-live-equivocators-3', {
        attack: 'equivocators',
        attackers: 3,
        file: 'x.yaml',
        runs: [run({ decided: 18, forks: 1 })],
        runDirectory: 'raw/x/runs/y',
        runtime: 'processes',
      }),
    ]);
    const live = presented(attacksPart, records).tables.find(({ id }) => id === 'attacks-live')!;
    assert.deepEqual(column(live, '3', 'real nodes'), ['breaks']);
    assert.deepEqual(column(live, '2', 'real nodes'), ['missing']);
  });

  it('without data every cell says why', () => {
    const refused = presented(attacksPart, new Map([unmeasuredRecord('attack-twins', 'no room')]));
    const reasons = new Set(cellsOf(refused).flatMap((cell) => (cell.kind === 'missing' ? [cell.reason] : [])));
    assert.deepEqual([...reasons].sort(), ['no room', 'not measured yet', 'not simulated']);
    assert.equal(
      cellsOf(refused).some(({ kind }) => kind === 'figure'),
      false,
    );
    assert.deepEqual(refused.plots, []);
    const quick = presented(attacksPart, new Map(), QUICK_OPTIONS);
    assert.ok(
      cellsOf(quick).some((cell) => cell.kind === 'missing' && cell.reason.startsWith('only the full evaluation')),
    );
  });

  it('measures each attack apart, live ones in the full evaluation only', () => {
    const ids = (options: typeof FULL_OPTIONS): readonly string[] =>
      attacksPart.measurements(options).map(({ id }) => id);
    assert.equal(ids(QUICK_OPTIONS).length, ATTACKS.length);
    assert.deepEqual(ids(FULL_OPTIONS).slice(ATTACKS.length), [
      'attack-live-equivocators-2',
      'attack-live-equivocators-3',
    ]);
    const seconds = attacksPart.measurements(QUICK_OPTIONS).reduce((sum, measurement) => sum + measurement.seconds, 0);
    assert.ok(seconds <= 15, `${seconds} s`);
  });
});
