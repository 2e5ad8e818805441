/** What is said of time to consensus, out of made-up raw records: every figure leads back to one, and none is made up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LiveConsensus } from '../../orchestrator/paper/consensus/live-consensus.ts';
import { CONSENSUS_MODELS, type ModelConsensus } from '../../orchestrator/paper/consensus/model-consensus.ts';
import { type LatencyFigures, latencyFigures } from '../../orchestrator/paper/latency-figures.ts';
import type { PaperOptions, RawRecord } from '../../orchestrator/paper/measurement.ts';
import type { Cell, PaperSection } from '../../orchestrator/paper/paper-results.ts';
import { consensusPart } from '../../orchestrator/paper/parts/consensus.ts';

const OPTIONS: PaperOptions = { quick: false, runtime: 'processes', seed: '1' };
const LIVE = [2, 4, 8, 16, 32, 48];
const MODEL = [8, 48, 100, 300, 1000, 3000, 10_000];

/** Eleven values round `ms`, which is their median. */
function figures(ms: number): LatencyFigures {
  return latencyFigures(Array.from({ length: 11 }, (_, index) => ms * (0.95 + index / 100)))!;
}

function record(id: string, outcome: { data: object } | { reason: string }): RawRecord {
  const common = { id, title: id, options: OPTIONS, at: '2026-01-01T00:00:00.000Z', tookMs: 1 };
  return 'data' in outcome
    ? { ...common, outcome: 'measured', data: { ...outcome.data } }
    : { ...common, outcome: 'not-measured', reason: outcome.reason };
}

/** Every node's time: n^1.5 ms. */
function live(n: number, differing: Partial<LiveConsensus> = {}): RawRecord {
  const data: LiveConsensus = {
    n,
    quorum: Math.floor((2 * n) / 3),
    run: `runs/consensus-live-${n}`,
    durability: 'process',
    qos: 1,
    thinkMs: 80,
    verdict: 'pass',
    reasons: [],
    warmUp: 3,
    requests: 10,
    undecided: 0,
    overlapping: 0,
    outOfOrder: 0,
    quorumMs: figures(0.5 * n ** 1.5),
    requesterMs: figures(0.8 * n ** 1.5),
    everyMs: figures(n ** 1.5),
    messages: { publishes: n, deliveries: n * n, payloadBytes: 144 * n },
    each: [],
    ...differing,
  };
  return record(`consensus-live-${n}`, { data });
}

function model(n: number): RawRecord {
  const all = { undecided: 0, quorumMs: figures(3), requesterMs: figures(4), everyMs: figures(5 + n / 10), each: [] };
  const models = Object.fromEntries(CONSENSUS_MODELS.map(({ id }) => [id, all]));
  const data: ModelConsensus = { n, decisions: 10, network: 'wifi-144', models };
  return record(`consensus-model-${n}`, { data });
}

function presented(records: readonly RawRecord[]): PaperSection {
  const section = consensusPart.present(new Map(records.map((one) => [one.id, one])), OPTIONS);
  for (const { id, columns, rows } of section.tables)
    for (const row of rows) assert.equal(row.length, columns.length, `cells of a row of ${id}`);
  return section;
}

function cells(section: PaperSection): readonly Cell[] {
  return section.tables.flatMap(({ rows }) => rows.flat());
}

function table(section: PaperSection, id: string): PaperSection['tables'][number] {
  return section.tables.find((one) => one.id === id)!;
}

describe('time to consensus', () => {
  const everything = [...LIVE.map((n) => live(n)), ...MODEL.map(model)];

  it('has raw data for every measurement that it makes, and no cell without, when all is measured', () => {
    const ids = consensusPart.measurements(OPTIONS).map(({ id }) => id);
    assert.deepEqual(
      ids,
      everything.map(({ id }) => id),
    );
    const reasons = cells(presented(everything)).flatMap((cell) => (cell.kind === 'missing' ? [cell.reason] : []));
    assert.deepEqual([...new Set(reasons)].sort(), [
      'its synchronous writes were counted with 8 nodes',
      'live nodes go up to 48',
      'not measured there',
    ]);
  });

  it('shows no figure that is not at its place in the raw data', () => {
    const byFile = new Map(everything.map((one) => [`raw/${one.id}.json`, one]));
    const found = cells(presented(everything)).filter((cell) => cell.kind === 'figure');
    assert.ok(found.length > 150, `only ${found.length} figures`);
    for (const { raw, value } of found) {
      let place: unknown = byFile.get(raw.file);
      for (const name of raw.path!.split('.')) place = (place as Record<string, unknown>)[name];
      assert.equal(place, value, `${raw.file} ${raw.path}`);
    }
  });

  it('says the growth of the points, and the growth that the paper claims', () => {
    const section = presented(everything);
    assert.match(section.finding, /after 22\.6 ms with 8 nodes \(paper: 300 ms\) and 333 ms with 48/);
    assert.match(section.finding, /1,000 ms with 10,000|1,010 ms with 10,000/);
    assert.match(section.finding, /the live time grows as n\^1\.50 \(1\.50 to 1\.50\)/);
    const exponents = table(section, 'consensus-growth').rows.map(([, nodes, b]) => [
      nodes?.kind === 'text' ? nodes.text : '',
      b?.kind === 'formula' ? b.value.toFixed(2) : '',
    ]);
    assert.deepEqual(exponents.slice(0, 3), [
      ['2 to 48', '1.50'],
      ['2 to 48', '1.50'],
      ['2 to 48', '1.50'],
    ]);
    assert.deepEqual(exponents.slice(-3), [
      ['8 to 48', '0.67'],
      ['48 to 1,000', '0.23'],
      ['1,000 to 10,000', '1.00'],
    ]);
  });

  it('draws the paper’s points, bounds as bounds, and every series by ascending number of nodes', () => {
    const [plot] = presented(everything).plots;
    assert.deepEqual(
      plot!.series
        .filter(({ source }) => source === 'paper')
        .map(({ upperBounds = false, points }) => [upperBounds, points.map(({ x, y }) => [x, y])]),
      [
        [false, [[8, 300]]],
        [true, [[48, 1000]]],
        [false, [[1000, 2000]]],
        [true, [[10_000, 20_000]]],
      ],
    );
    for (const { name, points } of plot!.series)
      assert.ok(
        points.every(({ x, low, high, y }, index) => {
          return (index === 0 || x > points[index - 1]!.x) && (low ?? y) <= y && y <= (high ?? y);
        }),
        name,
      );
  });

  it('sets each of the paper’s points beside what is like it here', () => {
    const found = presented(everything).headlines!.map(({ name, paper, here }) => [
      name,
      paper.kind === 'given' ? paper.text : '',
      here.kind === 'figure' ? [here.source, here.raw.file] : [],
    ]);
    assert.deepEqual(found, [
      ['Time to consensus, 8 nodes', '300 ms', ['here', 'raw/consensus-live-8.json']],
      ['Time to consensus, 48 nodes', '< 1 s', ['here', 'raw/consensus-live-48.json']],
      ['Time to consensus, 1,000 nodes (model)', '2 s (estimate)', ['model', 'raw/consensus-model-1000.json']],
      ['Time to consensus, 10,000 nodes (model)', '< 20 s (estimate)', ['model', 'raw/consensus-model-10000.json']],
    ]);
  });

  it('without any data has cells that say so, the paper’s points and nothing else', () => {
    const section = presented([]);
    assert.equal(cells(section).filter((cell) => cell.kind === 'figure').length, 0);
    assert.deepEqual([...new Set(section.plots[0]!.series.map(({ source }) => source))], ['paper']);
    assert.match(section.finding, /after not measured with 8 nodes/);
    assert.match(section.finding, /the live time grows in a way that is not known/);
  });

  it('leaves out a size that is missing, and says why in its cells', () => {
    const records = everything.filter(({ id }) => id !== 'consensus-live-48');
    const section = presented([
      ...records,
      record('consensus-live-48', { reason: 'no container engine: it is stopped' }),
    ]);
    const live48 = table(section, 'consensus-live').rows.filter(([n]) => n?.kind === 'text' && n.text === '48');
    assert.equal(live48.length, 3);
    for (const row of live48)
      assert.deepEqual(row.at(-1), { kind: 'missing', reason: 'no container engine: it is stopped' });
    const series = section.plots[0]!.series.find(({ name }) => name === 'here, every node')!;
    assert.deepEqual(
      series.points.map(({ x }) => x),
      [2, 4, 8, 16, 32],
    );
    assert.match(section.finding, /and not measured with 48/);
  });

  it('says what went wrong in a measurement, and has no latency where nothing was decided', () => {
    const nothing = { quorumMs: null, requesterMs: null, everyMs: null };
    const section = presented([
      live(8, { undecided: 2, overlapping: 1, outOfOrder: 1, verdict: 'fail', reasons: ['crashes 1'] }),
      live(16, { ...nothing, undecided: 10 }),
    ]);
    const said = section.limits.filter((line) => /^\d+ nodes: /.test(line));
    assert.deepEqual(said, [
      '8 nodes: the run was judged fail (runs/consensus-live-8): crashes 1.',
      '8 nodes: 2 of 10 requests were not decided by every node.',
      '8 nodes: 1 of 10 requests overlapped and have no time on the wire.',
      '8 nodes: 1 of 10 requests have times that contradict each other.',
      '16 nodes: 10 of 10 requests were not decided by every node.',
    ]);
    const row = table(section, 'consensus-live').rows.find(([n]) => n?.kind === 'text' && n.text === '16')!;
    assert.deepEqual(row[5], {
      kind: 'missing',
      reason: 'raw/consensus-live-16.json has no number at data.quorumMs.p50',
    });
  });

  it('gives no interval where there are too few values for one', () => {
    const few = latencyFigures([1, 2, 3, 4, 5])!;
    const section = presented([live(8, { everyMs: few })]);
    const row = table(section, 'consensus-live').rows.find(
      ([n, , until]) => n?.kind === 'text' && n.text === '8' && until?.kind === 'text' && /every/.test(until.text),
    )!;
    const median = row[5]!;
    assert.ok(median.kind === 'figure' && median.value === 3 && !('low' in median), JSON.stringify(median));
  });

  it('takes no longer than the evaluation has for it', () => {
    const seconds = (quick: boolean): number =>
      consensusPart.measurements({ ...OPTIONS, quick }).reduce((sum, { seconds: each }) => sum + each, 0);
    assert.ok(seconds(true) <= 75, `quick ${seconds(true)} s`);
    assert.ok(seconds(false) <= 480, `full ${seconds(false)} s`);
  });
});
