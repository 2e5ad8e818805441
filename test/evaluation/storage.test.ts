/** Storage: real stores that really hold wallets and decisions, and what is said of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Failure } from '../../orchestrator/failure.ts';
import { storagePart } from '../../orchestrator/paper/parts/storage.ts';
import { measureStoredDecisions } from '../../orchestrator/paper/stored-decisions.ts';
import { measureStoredWallets } from '../../orchestrator/paper/stored-wallets.ts';
import { cellsOf, recordsOf, rowsOf, shortly, tracedSection } from '../support/traced-section.ts';

function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-storage-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const signal = new AbortController().signal;
const note = (): void => {};

interface DecisionsPoint {
  readonly decisions: number;
  readonly databaseBytes: number;
  readonly rows: Readonly<Record<string, number>>;
}

describe('a database', () => {
  it('grows with wallets by what a row takes, and is gone afterwards', async (t) => {
    const directory = emptyDirectory(t);
    const data = await measureStoredWallets({ counts: [2, 200, 1200], directory, signal });
    const points = data.points as readonly { readonly databaseBytes: number; readonly rowBytes: number }[];
    const each = data.pageBytesPerWallet as number;
    assert.equal(each, (points[2]!.databaseBytes - points[1]!.databaseBytes) / 1000);
    assert.ok(each > points[2]!.rowBytes && each < 1.5 * points[2]!.rowBytes, `${each} bytes a wallet`);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('does not grow with decisions: of each nothing is left but the wallets', async (t) => {
    const directory = emptyDirectory(t);
    const data = await measureStoredDecisions({ checkpoints: [0, 40, 400], directory, signal, note });
    const points = data.points as readonly DecisionsPoint[];
    assert.deepEqual(
      points.map(({ decisions }) => decisions),
      [0, 40, 400],
    );
    for (const { rows } of points) {
      const { wallets, requests, votes, locks } = rows;
      assert.deepEqual({ wallets, requests, votes, locks }, { wallets: 8, requests: 0, votes: 0, locks: 0 });
      assert.ok(rows.orders! <= 16 && rows.serviceRuns! <= 16, JSON.stringify(rows));
    }
    // A few pages of 4 kB, for the last orders and services.
    assert.ok(points[2]!.databaseBytes - points[0]!.databaseBytes <= 5 * 4096, JSON.stringify(points));
    assert.deepEqual(readdirSync(directory), []);
  });

  it('is not filled any further once that was interrupted', async (t) => {
    const interruption = new AbortController();
    const directory = emptyDirectory(t);
    const running = measureStoredDecisions({ checkpoints: [1e9], directory, signal: interruption.signal, note });
    setImmediate(() => interruption.abort());
    await assert.rejects(running, (error) => error instanceof Failure && error.code === 'interrupted');
    assert.deepEqual(readdirSync(directory), []);
  });
});

describe('storage of a node', () => {
  const wallets = [2, 8, 48, 100, 1000, 10_000];
  const decisions = [0, 10, 100, 1000];
  const everything = {
    'storage-nodes': {
      points: wallets.map((count) => ({ wallets: count, databaseBytes: 50_000 + 300 * count, rowBytes: 250 })),
      pageBytesPerWallet: 300,
    },
    'storage-transactions': {
      points: decisions.map((count) => ({
        decisions: count,
        databaseBytes: 57_344,
        openBytes: 4e6,
        rows: { wallets: 8, requests: 0, votes: 0 },
      })),
    },
  };

  it('is shown by nodes and by transactions, beside the rates of other ledgers', () => {
    const section = tracedSection(storagePart, recordsOf(everything));
    const byNodes = rowsOf(section, 'storage-nodes').map((row) => row.map(shortly));
    assert.deepEqual(byNodes[4]!.slice(1), [68_000, 350_000]);
    const last = rowsOf(section, 'storage-transactions').at(-1)!.map(shortly);
    assert.deepEqual(last.slice(1, 6), [57_344, 4e6, 0, 0, 1_600_000]);
    assert.match(section.finding, /300\sB .*57\.3\skB.*1\.6\sMB in IOTA and 520\skB in Nano/);
    const here = section.plots.flatMap(({ series }) => series).filter(({ source }) => source === 'here');
    assert.equal(here.length, 3);
  });

  it('divides bytes a wallet and an entry out of the figures of the paper', () => {
    const rows = rowsOf(tracedSection(storagePart, recordsOf({})), 'storage-ledgers').map((row) => row.map(shortly));
    assert.deepEqual(rows[0]!.slice(0, 5), ['Bitcoin', '306', 'whole chain', '< 45 million', 6800]);
    assert.deepEqual([rows[2]!.at(-1), rows[3]!.at(-1)], [1600, 520]);
  });

  it('has no figure where nothing was measured', () => {
    const section = tracedSection(storagePart, recordsOf({ 'storage-nodes': 'the disk is full' }));
    assert.ok(cellsOf(section).every(({ kind }) => kind !== 'figure'));
    const reasons = rowsOf(section, 'storage-nodes').map((row) => shortly(row[2]!));
    assert.deepEqual(new Set(reasons), new Set(['the disk is full']));
    assert.match(section.finding, /not been measured/);
  });
});
