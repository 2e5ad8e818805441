/** Table III: nonces that are really searched for, and what is said of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../orchestrator/failure.ts';
import type { Distribution } from '../../orchestrator/history/distribution.ts';
import { measureHashing, measureWork } from '../../orchestrator/paper/measure-work.ts';
import type { RawData } from '../../orchestrator/paper/measurement.ts';
import { workPart } from '../../orchestrator/paper/parts/work.ts';
import { QUICK, recordsOf, rowsOf, shortly, tracedSection } from '../support/traced-section.ts';

const signal = new AbortController().signal;

function measured(difficulty: number, solutions: number, seed = 'test'): Promise<RawData> {
  return measureWork({ difficulty, solutions, seed, signal });
}

/** A mean of `mean` nonces, sure to a tenth of it. */
function madeUp(difficulty: number, mean: number): RawData {
  return {
    difficulty,
    solutions: 1000,
    tried: { min: 1, max: 7 * mean, mean },
    triedMeanInterval: { low: 0.9 * mean, high: 1.1 * mean },
    msEach: 0.0005 * mean,
    cpuMsEach: 0.0005 * mean,
    millionHashesPerSecond: 2,
  };
}

describe('the work of votes', () => {
  it('is one nonce at difficulty 0 and about 16 at difficulty 1', async () => {
    const none = await measured(0, 100);
    assert.deepEqual(new Set(none.triedEach as number[]), new Set([1]));
    const one = await measured(1, 4000);
    const { mean, min } = one.tried as Distribution;
    // Six standard errors; the seed is fixed.
    assert.ok(Math.abs(mean - 16) < 1.5, `a mean of ${mean}`);
    assert.equal(min, 1);
    const { low, high } = one.triedMeanInterval as { readonly low: number; readonly high: number };
    assert.ok(low < mean && mean < high && high - low < 1.2, `an interval of ${low} to ${high}`);
    assert.equal(
      one.hashes,
      (one.triedEach as number[]).reduce((sum, tried) => sum + tried, 0),
    );
  });

  it('is that of other votes with another seed, and of the same ones with the same', async () => {
    const [a, again, b] = [await measured(1, 50), await measured(1, 50), await measured(1, 50, 'other')];
    assert.deepEqual(again.triedEach, a.triedEach);
    assert.notDeepEqual(b.triedEach, a.triedEach);
  });

  it('is not measured once it was interrupted', async () => {
    const interruption = new AbortController();
    const running = measureWork({ difficulty: 5, solutions: 1000, seed: 'test', signal: interruption.signal });
    setImmediate(() => interruption.abort());
    await assert.rejects(running, (error) => error instanceof Failure && error.code === 'interrupted');
  });

  it('compares implementations of the hash', async () => {
    const data = await measureHashing(1);
    for (const name of ['bare', 'long', 'short', 'plain', 'portable']) {
      const { millionHashesPerSecond } = data[name] as { readonly millionHashesPerSecond: number };
      assert.ok(millionHashesPerSecond > 0.001, name);
    }
  });
});

describe('Table III', () => {
  const means = [1, 16, 256, 4096, 65_536];
  const everything = Object.fromEntries(means.map((mean, d) => [`work-${d}`, madeUp(d, mean)]));

  it('has expectation, measurement and paper beside each other', () => {
    const section = tracedSection(workPart, recordsOf(everything));
    const rows = rowsOf(section, 'work-nonces').map((row) => row.map(shortly));
    assert.deepEqual(rows[2], ['2', 256, 1000, 256, 1, 1792, '256.02', '1', '2847']);
    assert.match(String(rows[4]![6]), /difficulties 0 to 3/);
    assert.match(section.finding, /within the 95 % interval at every difficulty/);
  });

  it('gives a board the time of its hashes', () => {
    const rows = rowsOf(tracedSection(workPart, recordsOf({})), 'work-time');
    const board = rows.map((row) => row[4]!).map((cell) => Number(shortly(cell)));
    assert.deepEqual(board.slice(0, 2), [0.046, 0.736]);
    // The paper's last row: about 7 billion years.
    assert.ok(Math.abs(board.at(-1)! - 6.88) < 0.01, `${board.at(-1)} billion years`);
  });

  it('says at which difficulty the expectation is missed', () => {
    const { finding } = tracedSection(workPart, recordsOf({ ...everything, 'work-2': madeUp(2, 300) }));
    assert.match(finding, /outside the 95 % interval at difficulty 2 /);
  });

  it('takes a thousand solutions and more, but a hundred at difficulty 4 when quick', () => {
    const solutions = (quick: boolean) =>
      workPart.measurements({ ...QUICK, quick }).flatMap(({ title }) => /(\d+) votes$/.exec(title)?.[1] ?? []);
    assert.deepEqual(solutions(true), ['5000', '5000', '5000', '1000', '100']);
    assert.deepEqual(solutions(false), ['20000', '20000', '20000', '10000', '1000']);
  });
});
