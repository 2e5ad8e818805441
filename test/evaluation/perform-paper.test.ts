/** An evaluation is made of measurements that stand alone: interrupted, it goes on; one that fails takes none along. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../../orchestrator/failure.ts';
import {
  CannotMeasure,
  type MeasureContext,
  type PaperOptions,
  type PaperPart,
  type RawData,
} from '../../orchestrator/paper/measurement.ts';
import { PaperDirectory } from '../../orchestrator/paper/paper-directory.ts';
import type { PaperResults } from '../../orchestrator/paper/paper-results.ts';
import { isUnfinished, type PaperOutcome, performPaper } from '../../orchestrator/paper/perform-paper.ts';

const OPTIONS: PaperOptions = { quick: true, runtime: 'processes', seed: '1' };

/** Three measurements; `measure` says what each gives. */
function partOf(measure: (id: string, context: MeasureContext) => RawData | Promise<RawData>): PaperPart {
  return {
    id: 'made-up',
    measurements: () =>
      ['first', 'second', 'third'].map((id) => ({
        id,
        title: `the ${id}`,
        seconds: 1,
        measure: async (context) => measure(id, context),
      })),
    present: (records) => ({
      id: 'made-up',
      title: 'Made up',
      finding: [...records.values()].map(({ id, outcome }) => `${id}: ${outcome}`).join(', '),
      method: [],
      tables: [],
      plots: [],
      limits: [],
    }),
  };
}

interface World {
  readonly path: string;
  /** Of each report that was written. */
  readonly reports: PaperResults[];
  perform(part: PaperPart, signal?: AbortSignal): Promise<PaperOutcome>;
}

async function inWorld(examine: (world: World) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'wallance-paper-'));
  const path = join(home, 'results');
  const reports: PaperResults[] = [];
  try {
    await examine({
      path,
      reports,
      perform: (part, signal = new AbortController().signal) =>
        performPaper({
          parts: [part],
          options: OPTIONS,
          directory: PaperDirectory.at(path, OPTIONS),
          signal,
          listener: { planned: () => {}, started: () => {}, note: () => {}, ended: () => {} },
          onResults: (results) => reports.push(results),
        }),
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe('an evaluation', () => {
  it('measures each once, writes its raw data and a report after each', async () => {
    await inWorld(async ({ path, reports, perform }) => {
      const { results, failed, interrupted } = await perform(partOf((id) => ({ figure: id.length })));
      assert.deepEqual([failed, interrupted], [[], false]);
      assert.equal(results.sections[0]!.finding, 'first: measured, second: measured, third: measured');
      assert.equal(reports.length, 4);
      assert.equal(reports[0]!.sections[0]!.finding, 'first: measured');
      const raw = JSON.parse(readFileSync(join(path, 'raw', 'third.json'), 'utf8'));
      assert.deepEqual(raw.data, { figure: 5 });
    });
  });

  it('goes on after an interruption without measuring again what is done', async () => {
    await inWorld(async ({ perform }) => {
      const abort = new AbortController();
      const first: string[] = [];
      const stopped = await perform(
        partOf((id, { signal }) => {
          first.push(id);
          if (id === 'second') abort.abort(new Error('interrupted'));
          signal.throwIfAborted();
          return {};
        }),
        abort.signal,
      );
      assert.deepEqual([first, stopped.interrupted], [['first', 'second'], true]);
      assert.deepEqual(
        stopped.results.notMeasured.map(({ id }) => id),
        ['second', 'third'],
      );
      const again: string[] = [];
      const gone = await perform(
        partOf((id) => {
          again.push(id);
          return {};
        }),
      );
      assert.deepEqual([again, gone.interrupted], [['second', 'third'], false]);
      assert.deepEqual(gone.results.notMeasured, []);
    });
  });

  it('says why something could not be measured, measures the others, and tries it again next time', async () => {
    await inWorld(async ({ perform }) => {
      const lacking = await perform(
        partOf((id) => {
          if (id === 'first') throw new CannotMeasure('no engine answers');
          return {};
        }),
      );
      assert.deepEqual(lacking.failed, []);
      assert.deepEqual(lacking.results.notMeasured, [{ id: 'first', title: 'the first', reason: 'no engine answers' }]);
      const measured: string[] = [];
      await perform(
        partOf((id) => {
          measured.push(id);
          return {};
        }),
      );
      assert.deepEqual(measured, ['first']);
    });
  });

  it('tells what went wrong apart, and measures the others all the same', async () => {
    await inWorld(async ({ perform }) => {
      const outcome = await perform(
        partOf((id) => {
          if (id === 'second') throw new Failure('environment', 'the broker died');
          return {};
        }),
      );
      assert.deepEqual(outcome.failed, ['second']);
      assert.equal(outcome.results.notMeasured[0]!.reason, 'the broker died');
    });
  });

  it('ends with a bug of a measurement, after its report', async () => {
    await inWorld(async ({ perform, reports }) => {
      const part = partOf((id) => {
        if (id === 'second') throw new TypeError('x is not a function');
        return {};
      });
      await assert.rejects(perform(part), TypeError);
      assert.equal(reports.at(-1)!.notMeasured[0]!.reason, 'x is not a function');
    });
  });

  it('measures again what has a raw file that is damaged', async () => {
    await inWorld(async ({ path, perform }) => {
      await perform(partOf(() => ({})));
      writeFileSync(join(path, 'raw', 'second.json'), '{"id": "second", "outc');
      const measured: string[] = [];
      await perform(
        partOf((id) => {
          measured.push(id);
          return {};
        }),
      );
      assert.deepEqual(measured, ['second']);
    });
  });

  it('gives a measurement that is made again an empty directory', async () => {
    await inWorld(async ({ path, perform }) => {
      const leave = partOf((id, { directory }) => {
        writeFileSync(join(directory, 'left.txt'), id, { flag: 'wx' });
        if (id === 'first') throw new CannotMeasure('in the middle');
        return {};
      });
      await perform(leave);
      await perform(leave);
      assert.equal(readFileSync(join(path, 'runs', 'first', 'left.txt'), 'utf8'), 'first');
    });
  });
});

describe('a directory of results', () => {
  it('refuses to go on with other options, and names every difference', async () => {
    await inWorld(async ({ path, perform }) => {
      await perform(partOf(() => ({})));
      assert.throws(
        () => PaperDirectory.at(path, { quick: false, runtime: 'docker', seed: '1' }),
        (error: Failure) =>
          error.code === 'usage' &&
          error.message.includes('quick: expected false, got true') &&
          error.message.includes('runtime: expected docker, got processes') &&
          !error.message.includes('seed'),
      );
    });
  });

  it('refuses a directory that holds other things', () => {
    const home = mkdtempSync(join(tmpdir(), 'wallance-paper-'));
    try {
      writeFileSync(join(home, 'thesis.tex'), '');
      assert.throws(() => PaperDirectory.at(home, OPTIONS), /--out: expected an empty directory/);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });

  it('is the latest one while that is unfinished, and then a new one', async () => {
    const home = mkdtempSync(join(tmpdir(), 'wallance-paper-'));
    try {
      const part = partOf(() => ({}));
      const chosen = () =>
        PaperDirectory.latestOrNew(home, OPTIONS, (kept) => isUnfinished([part], OPTIONS, kept), new Date(0));
      const first = chosen();
      const again = chosen();
      assert.deepEqual([first.resumed, again.resumed, again.path], [false, true, first.path]);
      for (const { id, title } of part.measurements(OPTIONS))
        again.write({ id, title, options: OPTIONS, at: '', tookMs: 0, outcome: 'measured', data: {} });
      const next = chosen();
      assert.equal(next.resumed, false);
      assert.notEqual(next.path, first.path);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
