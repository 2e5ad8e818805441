/** Time to consensus as it is measured: real nodes whose records are read a second way, and the model. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { liveId } from '../../orchestrator/paper/consensus/consensus-section.ts';
import { measureLiveConsensus } from '../../orchestrator/paper/consensus/live-consensus.ts';
import { measureModelConsensus } from '../../orchestrator/paper/consensus/model-consensus.ts';
import type { MeasureContext } from '../../orchestrator/paper/measurement.ts';

type Line = Readonly<Record<string, unknown>> & { readonly t: number };

const NODES = 3;
const QUORUM = 2;
const WARM_UP = 1;
const REQUESTS = 4;

function linesOf(file: string): Line[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Line);
}

async function inDirectory(examine: (context: MeasureContext) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'wallance-consensus-'));
  try {
    await examine({
      quick: true,
      runtime: 'processes',
      seed: '1',
      directory: home,
      relativeDirectory: `runs/${liveId(NODES)}`,
      signal: new AbortController().signal,
      note: () => {},
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe('real nodes', () => {
  it('decide one after another, and each time is that of the lines in their run', { timeout: 90_000 }, async () => {
    await inDirectory(async (context) => {
      const sizes = { n: NODES, requests: REQUESTS, warmUp: WARM_UP };
      const measured = await measureLiveConsensus(sizes, context);
      assert.equal(measured.verdict, 'pass', measured.reasons.join('; '));
      const { n, quorum, warmUp, requests, undecided, overlapping, outOfOrder } = measured;
      assert.deepEqual(
        { n, quorum, warmUp, requests, undecided, overlapping, outOfOrder },
        { n: NODES, quorum: QUORUM, warmUp: WARM_UP, requests: REQUESTS, undecided: 0, overlapping: 0, outOfOrder: 0 },
      );
      // The name is that of the directory below the results.
      assert.ok(measured.run.startsWith(`${context.relativeDirectory}/`), measured.run);
      const run = join(context.directory, measured.run.slice(context.relativeDirectory.length + 1));
      assert.deepEqual(readdirSync(context.directory), ['consensus-live-3'], 'the run and nothing else');
      assert.ok(existsSync(join(run, 'result.json')));

      const seats = readdirSync(join(run, 'nodes'));
      const records = seats.flatMap((seat) => linesOf(join(run, 'nodes', seat, 'observations.ndjson')));
      const journal = linesOf(join(run, 'messages.ndjson'));
      assert.equal(measured.each.length, WARM_UP + REQUESTS);
      for (const [index, request] of measured.each.entries()) {
        const of = (event: string): Line[] =>
          records.filter((line) => line.event === event && line.reqId === request.requestId);
        const [sent] = of('req.tx');
        const decided = of('decide');
        assert.equal(request.requester, String((index % NODES) + 1), 'requesters in turn');
        assert.equal(sent!.node, request.requester);
        assert.equal(decided.length, NODES);
        const everyAt = Math.max(...decided.map(({ t }) => t));
        const requesterAt = decided.find(({ node }) => node === request.requester)!.t;
        assert.equal(request.everyMs, everyAt - sent!.t);
        assert.equal(request.requesterMs, requesterAt - sent!.t);
        // Of the messages that passed between sending and the last decision, the second vote made the quorum.
        const passed = journal.filter(({ t }) => t >= sent!.t && t <= everyAt + measured.thinkMs / 2);
        const votes = passed.filter((line) => line.class === 'vote');
        assert.deepEqual(
          passed.map((line) => line.class),
          ['request', 'vote', 'vote'],
        );
        assert.equal(request.quorumMs, votes[QUORUM - 1]!.t - sent!.t);
        assert.ok(request.quorumMs! <= request.requesterMs!, 'nobody decides before the quorum has passed the broker');
        assert.deepEqual(
          [request.publishes, request.deliveries, request.payloadBytes],
          [NODES, NODES * NODES, passed.reduce((sum, { bytes }) => sum + (bytes as number), 0)],
        );
      }
      const counted = measured.each.slice(WARM_UP).map(({ everyMs }) => everyMs!);
      assert.equal(measured.everyMs!.count, REQUESTS);
      assert.ok(Math.abs(measured.everyMs!.max - Math.max(...counted)) < 0.001);
    });
  });

  it('are not measured once the evaluation is interrupted', async () => {
    await inDirectory(async (context) => {
      const signal = AbortSignal.abort(new Error('enough'));
      await assert.rejects(measureLiveConsensus({ n: 2, requests: 1, warmUp: 0 }, { ...context, signal }));
    });
  });
});

describe('the model', () => {
  const context = { seed: '1', signal: new AbortController().signal, note: () => {} };

  it('gives the same times for the same seed, others for another, and each decision its own', async () => {
    const first = await measureModelConsensus(8, 6, context);
    assert.deepEqual(await measureModelConsensus(8, 6, context), first);
    assert.notDeepEqual(await measureModelConsensus(8, 6, { ...context, seed: '2' }), first);
    for (const { each, everyMs } of Object.values(first.models)) {
      assert.equal(new Set(each.map(({ decidedEverywhereMs }) => decidedEverywhereMs)).size, 6);
      assert.deepEqual(
        [everyMs!.low, everyMs!.high],
        [everyMs!.min, everyMs!.max],
        'six values, all of which it takes',
      );
    }
  });

  it('needs two links at least, and no node decides before a quorum of votes is sent', async () => {
    const { models } = await measureModelConsensus(48, 3, context);
    for (const { each } of Object.values(models))
      for (const { quorumMs, decidedAtRequesterMs, decidedEverywhereMs } of each) {
        assert.ok(quorumMs! >= 1.41 && decidedEverywhereMs! >= 2 * 1.41);
        assert.ok(quorumMs! < decidedAtRequesterMs! && decidedAtRequesterMs! <= decidedEverywhereMs!);
      }
  });

  it('stops between two decisions', async () => {
    const interruption = new AbortController();
    const decisions: string[] = [];
    const note = (text: string): void => {
      decisions.push(text);
      if (decisions.length === 2) interruption.abort(new Error('enough'));
    };
    await assert.rejects(measureModelConsensus(8, 100, { seed: '1', signal: interruption.signal, note }), /enough/);
    assert.equal(decisions.length, 2);
  });
});
