/**
 * Decisions a second of a real lab, and what they cost: one node's orders chained, or all nodes' at once. Read from the
 * nodes' own records, their reports and the broker's counts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs } from '../../node/host/observations.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import { type Distribution, distributionOf } from '../history/distribution.ts';
import { latencyOf } from '../history/latency.ts';
import { type History, numberOf, textOf } from '../history/observation.ts';
import { type RequestTrack, trackRequests } from '../history/request-track.ts';
import { newPlan } from '../lab/kept-lab.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import { type MeasuredLab, PRICE_UNITS, withMeasuredLab } from '../lab/measured-lab.ts';
import { type Interval, meanInterval } from './interval-of.ts';
import { measuringRuntime } from './live-run.ts';
import type { MeasureContext } from './measurement.ts';

/** One: node 1 buys, again and again. All: every node does, each its next when its last is decided. */
export type Load = 'one' | 'all';

export interface ThroughputCase {
  readonly nodes: number;
  readonly load: Load;
  /** Orders that are measured, of all buyers together; as many as a third of them go before. */
  readonly orders: number;
}

/** What all nodes together did from the first order to the last decision. */
export interface Cost {
  readonly decisions: number;
  readonly elapsedMs: number;
  readonly nodesCpuMs: number;
  readonly brokerCpuMs: number;
  /** Nonces tried for requests and votes. */
  readonly hashesTried: number;
  /** Messages whose work was checked. */
  readonly hashesChecked: number;
  /** Requests and votes: published, and delivered to nodes (their own included). Payload only. */
  readonly sent: { readonly messages: number; readonly payloadBytes: number };
  readonly delivered: { readonly messages: number; readonly payloadBytes: number };
}

export interface ThroughputData {
  readonly nodes: number;
  readonly load: Load;
  readonly runtime: string;
  readonly durability: string;
  readonly ordered: number;
  /** Orders, those before the measured ones included, that some node has not decided in the end. */
  readonly stuck: number;
  /** At the requesters, while all of them had something to buy. */
  readonly perSecond: number | null;
  /** Of the mean rate, over ten stretches of equal numbers of decisions. */
  readonly interval: Interval | null;
  /** Of these stretches. */
  readonly perSecondByStretch: readonly number[];
  /** From sending to the commit on every node. */
  readonly everywhereMs: Distribution | null;
  readonly cost: Cost;
}

const STRETCHES = 10;
const LOOK_MS = 100;
/** A node that has decided nothing for so long never will. */
const STILL_MS = 3000;

/** Rejects with CannotMeasure where the runtime is not there. */
export async function measureThroughput(wanted: ThroughputCase, context: MeasureContext): Promise<ThroughputData> {
  const { nodes, load } = wanted;
  const plan = newPlan('throughput', { nodes, sensors: [], seed: context.seed });
  const runtime = await measuringRuntime(plan, context.runtime);
  const home = mkdtempSync(join(tmpdir(), 'wallance-paper-'));
  const { signal } = context;
  try {
    return await withMeasuredLab(
      { plan, directory: new LabDirectory(home, plan.lab), runtime: runtime.create, signal, lookMs: LOOK_MS },
      async (measured) => {
        const buyers = load === 'one' ? measured.members.slice(0, 1) : measured.members;
        const countEach = Math.ceil(wanted.orders / buyers.length);
        const before = Math.ceil(countEach / 3);
        await measured.fund((countEach + before) * PRICE_UNITS, buyers);
        context.note(`${nodes} nodes: ${before * buyers.length} orders before`);
        await measured.place(buyers, before);
        await measured.decidedOrStill(STILL_MS);
        context.note(`${nodes} nodes: ${countEach * buyers.length} orders`);
        const fromT = monotonicMs();
        const first = await read(measured);
        const placedT = await measured.place(buyers, countEach);
        const stuck = await measured.decidedOrStill(STILL_MS);
        const last = await read(measured);
        const history = await measured.history();
        const tracks = trackRequests(history).filter(({ sentAtMs }) => sentAtMs >= fromT);
        const perSecondByStretch = stretches(tracks, placedT, load === 'one' ? 1 : nodes);
        const mean = perSecondByStretch.reduce((sum, rate) => sum + rate, 0) / perSecondByStretch.length;
        const everywhere = tracks.flatMap((track) => latencyOf(track, measured.members).allMs ?? []);
        return {
          nodes,
          load,
          runtime: context.runtime,
          durability: plan.durability,
          ordered: measured.ordered,
          stuck,
          perSecond: perSecondByStretch.length === 0 ? null : mean,
          interval: meanInterval(perSecondByStretch),
          perSecondByStretch,
          everywhereMs: distributionOf(everywhere),
          cost: costOf(tracks, history, first, last),
        };
      },
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

interface Reading {
  readonly cpuMs: number;
  readonly fabric: BrokerStats;
}

async function read(measured: MeasuredLab): Promise<Reading> {
  const [reports, fabric] = await Promise.all([measured.reports(), measured.lab.fabric.stats()]);
  if (fabric === null) throw new Error('the broker keeps no counts');
  return { cpuMs: reports.reduce((sum, { cpuMs }) => sum + cpuMs, 0), fabric };
}

/**
 * Rates of stretches of equal numbers of decisions at requesters: after the last order was taken, and until the first of
 * the buyers had nothing left to buy. Empty where there are too few.
 */
export function stretches(tracks: readonly RequestTrack[], fromT: number, buyers: number): readonly number[] {
  const times: number[] = [];
  const lastOf = new Map<string, number>();
  for (const { sentBy, decidedAtMs } of tracks) {
    const at = decidedAtMs.get(sentBy);
    if (at === undefined) continue;
    times.push(at);
    lastOf.set(sentBy, Math.max(at, lastOf.get(sentBy) ?? 0));
  }
  const untilT = lastOf.size < buyers ? Number.POSITIVE_INFINITY : Math.min(...lastOf.values());
  const within = times.filter((at) => at > fromT && at <= untilT).sort((a, b) => a - b);
  const each = Math.floor((within.length - 1) / STRETCHES);
  if (each < 1) return [];
  return Array.from({ length: STRETCHES }, (_, index) => {
    const tookMs = within[(index + 1) * each]! - within[index * each]!;
    return (each / tookMs) * 1000;
  });
}

function costOf(tracks: readonly RequestTrack[], history: History, first: Reading, last: Reading): Cost {
  const ids = new Set(tracks.map(({ requestId }) => requestId));
  let hashesTried = 0;
  let hashesChecked = 0;
  for (const observations of history.values()) {
    for (const observation of observations) {
      const { event } = observation;
      const sent = event === 'req.tx' || event === 'vote.tx';
      if (!sent && event !== 'req.rx' && event !== 'vote.rx') continue;
      if (!ids.has(textOf(observation, 'reqId'))) continue;
      // A search begins with nonce 0.
      if (sent) hashesTried += numberOf(observation, 'nonce') + 1;
      else hashesChecked++;
    }
  }
  const decided = tracks.flatMap(({ decidedAtMs }) => [...decidedAtMs.values()]);
  const sentT = tracks.map(({ sentAtMs }) => sentAtMs);
  return {
    decisions: tracks.filter(({ sentBy, decidedAtMs }) => decidedAtMs.has(sentBy)).length,
    elapsedMs:
      decided.reduce((a, b) => Math.max(a, b), 0) - sentT.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    nodesCpuMs: last.cpuMs - first.cpuMs,
    brokerCpuMs: last.fabric.cpuMs - first.fabric.cpuMs,
    hashesTried,
    hashesChecked,
    sent: difference(first.fabric.received, last.fabric.received),
    delivered: difference(first.fabric.delivered, last.fabric.delivered),
  };
}

/** Over all classes: nothing else is on the fabric meanwhile. */
function difference(before: BrokerStats['received'], after: BrokerStats['received']): Cost['sent'] {
  const sum = (counts: BrokerStats['received'], pick: 'messages' | 'payloadBytes'): number =>
    Object.values(counts).reduce((total, count) => total + count[pick], 0);
  return {
    messages: sum(after, 'messages') - sum(before, 'messages'),
    payloadBytes: sum(after, 'payloadBytes') - sum(before, 'payloadBytes'),
  };
}
