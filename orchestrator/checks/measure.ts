/**
 * The figures of a whole run. Source: the metrics' own descriptions (metric.ts).
 *
 * A request counts when a correct requester sent it: what a Byzantine one asks for, twice or for nothing, is its attack
 * and not the network's failure. Decided everywhere means on every correct seat that a fault did not send away for good
 * and that had been started when it was sent; a decision whose line a crash cost is known by the wallets at the end.
 *
 * Latencies begin when the purchase was meant to be ordered (open loop), at the sending of the request where no order is
 * known for it. Requests that were not decided are in none of them.
 */
import { distributionOf, median } from '../history/distribution.ts';
import { latencyOf } from '../history/latency.ts';
import { decidedByWallets, type RequestTrack } from '../history/request-track.ts';
import type { STUCK_REASONS, StuckRequest } from '../history/stuck-request.ts';
import { walletDifferences } from '../history/wallet-agreement.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { CheckFacts } from './check-facts.ts';
import type { LiveMetrics } from './live-metrics.ts';
import type { MetricName, MetricValues } from './metric.ts';

export interface Measured {
  readonly values: MetricValues;
  /** Things that each figure was made of: what `evidenceMin` asks for. */
  readonly examined: Readonly<Record<MetricName, number>>;
}

export interface MeasureInput {
  readonly facts: CheckFacts;
  readonly record: RunRecord;
  readonly live: LiveMetrics;
  /** Requests of correct requesters. */
  readonly tracks: readonly RequestTrack[];
  readonly stuck: readonly StuckRequest[];
  /** Seats that must decide a request. */
  readonly obliged: (track: RequestTrack) => readonly string[];
  /** Lines of all seats. */
  readonly lines: number;
}

export function measure({ facts, record, live, tracks, stuck, obliged, lines }: MeasureInput): Measured {
  const { events, finals, fabric } = record;
  const requests = tracks.length;
  const byWallets = new Map(
    [...facts.correct].map((seat) => [seat, decidedByWallets(tracks, finals.get(seat)?.wallets ?? [])]),
  );
  // An order that had to wait for funds was meant to be sent when they were there.
  const queued = new Set(
    events.flatMap((event) => (event.event === 'order' && event.state === 'queued' ? [event.orderId] : [])),
  );
  const plannedT = new Map(
    events.flatMap((event) =>
      event.event === 'order' && event.requestId !== null && !queued.has(event.orderId)
        ? [[event.requestId, event.plannedT] as const]
        : [],
    ),
  );
  const latencies = tracks.map((track) =>
    latencyOf(track, obliged(track), Math.min(plannedT.get(track.requestId) ?? track.sentAtMs, track.sentAtMs)),
  );
  const requester = latencies.flatMap(({ requesterMs }) => (requesterMs === null ? [] : [requesterMs]));
  const all = latencies.flatMap(({ allMs }) => (allMs === null ? [] : [allMs]));
  const requesterMs = distributionOf(requester);
  const allMs = distributionOf(all);
  const decisions = tracks.filter(
    (track) => track.decidedAtMs.has(track.sentBy) || byWallets.get(track.sentBy)?.has(track.requestId) === true,
  ).length;

  const correctFinals = [...finals].filter(([seat]) => facts.correct.has(seat));
  const reports = correctFinals.length;
  const differences =
    reports < 2 ? null : walletDifferences(new Map(correctFinals.map(([seat, { wallets }]) => [seat, wallets])));
  const divergentStates = differences?.filter(
    ({ views }) => new Set(views.map(({ stateHash }) => stateHash)).size > 1,
  ).length;
  const supplies = correctFinals.map(([, { wallets }]) => wallets.reduce((sum, { units }) => sum + units, 0));
  const crashes = events.filter((event) => event.event === 'seat' && event.state === 'crashed').length;
  const byReason = (reason: (typeof STUCK_REASONS)[number]): number =>
    stuck.filter((request) => request.reason === reason).length;
  const share = (count: number): number | null => (requests === 0 ? null : count / requests);

  const values: MetricValues = {
    requests,
    decisions,
    'decided-everywhere': requests - stuck.length,
    'decided-share': share(requests - stuck.length),
    stuck: stuck.length,
    'stuck-share': share(stuck.length),
    'stuck-double': byReason('double'),
    'stuck-split': byReason('split'),
    'stuck-unfunded': byReason('unfunded'),
    'stuck-stale': byReason('stale'),
    'stuck-lost': byReason('lost'),
    forks: live.value('forks'),
    votes: live.value('votes'),
    rejections: live.value('rejections'),
    'sensor-transactions': live.value('sensor-transactions'),
    'divergent-wallets': differences === null ? null : differences.length,
    'divergent-states': divergentStates ?? null,
    'nodes-up': finals.size,
    crashes,
    'services-served': live.value('services-served'),
    'latency-requester-p50': requesterMs?.p50 ?? null,
    'latency-requester-p95': requesterMs?.p95 ?? null,
    'latency-requester-p99': requesterMs?.p99 ?? null,
    'latency-requester-max': requesterMs?.max ?? null,
    'latency-all-p50': allMs?.p50 ?? null,
    'latency-all-p95': allMs?.p95 ?? null,
    'latency-all-p99': allMs?.p99 ?? null,
    'latency-all-max': allMs?.max ?? null,
    'decisions-per-second': decisionRate(record, tracks),
    'supply-units': supplies.length === 0 ? null : median(supplies),
    'byzantine-acts': live.value('byzantine-acts'),
    'dropped-by-rules': fabric?.dropped['link-rule'] ?? null,
    'dropped-by-queues': fabric?.dropped['queue-full'] ?? null,
  };
  const wallets = correctFinals[0]?.[1].wallets.length ?? 0;
  const examinedOf = (name: MetricName): number => {
    if (name.startsWith('latency-requester')) return requester.length;
    if (name.startsWith('latency-all')) return all.length;
    if (name.startsWith('stuck') || name.startsWith('decided') || name === 'requests') return requests;
    if (name.startsWith('decisions')) return decisions;
    if (name.startsWith('divergent')) return differences === null ? 0 : wallets;
    if (name === 'supply-units') return reports;
    if (name === 'nodes-up') return facts.seats.length;
    if (name === 'crashes') return facts.seats.length;
    if (name === 'forks') return live.decideLines;
    return lines;
  };
  const names = Object.keys(values) as MetricName[];
  return {
    values,
    examined: Object.fromEntries(names.map((name) => [name, examinedOf(name)])) as Record<MetricName, number>,
  };
}

/** Of the load: from its phase to the next. Null where it has none, or no length. */
function decisionRate({ events }: RunRecord, tracks: readonly RequestTrack[]): number | null {
  const phases = events.filter((event) => event.event === 'phase');
  const load = phases.findIndex(({ phase }) => phase === 'load');
  const begun = phases[load]?.t;
  const ended = phases[load + 1]?.t;
  if (begun === undefined || ended === undefined || ended <= begun) return null;
  const decided = tracks.filter(({ decidedAtMs, sentBy }) => {
    const t = decidedAtMs.get(sentBy);
    return t !== undefined && t >= begun && t <= ended;
  });
  return (1000 * decided.length) / (ended - begun);
}
