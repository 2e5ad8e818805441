/** Purchases of a scenario, each with its time, its buyer and what it is for, drawn from the seed. Pure. */
import { nearestName } from '../../node/host/nearest-name.ts';
import { shown } from '../../node/protocol/parameters.ts';
import type { Prng } from '../../node/simulation/prng.ts';
import type { Path } from '../files/yaml-source.ts';
import {
  buyersInRounds,
  buyersInTurn,
  drawService,
  expectedCount,
  poissonTimes,
  type RatePoints,
  spreadTimes,
} from './purchase-times.ts';
import { durationMs } from './quantities.ts';
import type { Report } from './scenario-file.ts';
import type { ClosedStream, PlannedPurchase } from './scenario-plan.ts';
import type { SeatSelector } from './seat-selector.ts';
import { PURCHASES_MAX, type WrittenStream } from './workload-shape.ts';

/** No purchase in the last part of the load where nothing else is said: most are decided before it ends. */
const LATEST_SHARE = 0.9;
/** The first sensor data must be there. */
const EARLIEST_MS = 1000;
const GIVE_UP_MS = 5000;
const MODE = 'wait';

export interface WorkloadResolution {
  readonly selector: SeatSelector;
  readonly draws: Prng;
  readonly report: Report;
  readonly loadMs: number;
  /** Names, in the order of the catalogue; empty where it could not be read. */
  readonly services: readonly string[];
  /** Of late seats. */
  readonly startsAtMs: ReadonlyMap<string, number>;
  /** Who buys where nothing is said. */
  readonly usualBuyers: readonly string[];
}

export interface Purchases {
  readonly purchases: readonly PlannedPurchase[];
  readonly closed: readonly ClosedStream[];
}

/** What `count` purchases without further words are: `wallance run` has the same. */
export function spreadPurchases(
  count: number,
  loadMs: number,
  buyers: readonly string[],
  services: readonly string[],
  draws: Prng,
): readonly PlannedPurchase[] {
  const { fromMs, toMs } = usualTimes(loadMs);
  const times = spreadTimes(count, fromMs, toMs, draws.stream('times'));
  return bought(
    times,
    buyersInRounds(count, buyers, draws.stream('buyers')),
    null,
    services,
    draws.stream('services'),
    MODE,
  );
}

export function resolvePurchases(streams: readonly WrittenStream[], resolution: WorkloadResolution): Purchases {
  const { draws, report } = resolution;
  const purchases: PlannedPurchase[] = [];
  const closed: ClosedStream[] = [];
  const ids = new Set<string>();
  streams.forEach((stream, index) => {
    const path: Path = ['workload', 'purchases', index];
    const id = stream.id ?? `purchases-${index + 1}`;
    if (ids.has(id)) report([...path, 'id'], 'an id that no other stream has', shown(id));
    ids.add(id);
    const own = draws.stream(`purchases/${id}`);
    const buyers = buyersOf(stream, path, id, resolution);
    const services = servicesOf(stream, path, resolution);
    if (buyers === null || services === undefined || resolution.services.length === 0) return;
    if (stream.kind === 'loop') closed.push(...loops(stream, id, path, buyers, services, own, resolution));
    else purchases.push(...openStream(stream, path, buyers, services, own, resolution));
  });
  const count = purchases.length + closed.reduce((sum, { purchases: { length } }) => sum + length, 0);
  if (count > PURCHASES_MAX) {
    report(['workload', 'purchases'], `at most ${PURCHASES_MAX} purchases in all`, String(count));
    return { purchases: [], closed: [] };
  }
  // Equal times stay in the order of the file.
  return { purchases: purchases.sort((a, b) => a.atMs - b.atMs), closed };
}

function openStream(
  stream: Exclude<WrittenStream, { kind: 'loop' }>,
  path: Path,
  buyers: readonly string[],
  services: readonly string[] | null,
  draws: Prng,
  { loadMs, report, services: all }: WorkloadResolution,
): readonly PlannedPurchase[] {
  const { mode = MODE } = stream;
  if (stream.kind === 'at') {
    const times = [...stream.body].sort((a, b) => a - b);
    if (times.at(-1)! >= loadMs) {
      report([...path, 'at'], `times before the end of the load (${loadMs} ms)`);
      return [];
    }
    return bought(times, buyersInTurn(times.length, buyers), services, all, draws.stream('services'), mode);
  }
  const usual = usualTimes(loadMs);
  const fromMs = stream.from ?? (stream.kind === 'count' ? Math.min(usual.fromMs, stream.until ?? loadMs) : 0);
  const toMs = stream.until ?? Math.max(fromMs, usual.toMs);
  if (toMs > loadMs || fromMs > toMs) {
    report(path, `from and until in this order, within the load (${loadMs} ms)`, `${fromMs} ms to ${toMs} ms`);
    return [];
  }
  const times = openTimes(stream, path, fromMs, toMs, draws.stream('times'), report);
  return bought(
    times,
    buyersInRounds(times.length, buyers, draws.stream('buyers')),
    services,
    all,
    draws.stream('services'),
    mode,
  );
}

function openTimes(
  stream: Extract<WrittenStream, { kind: 'count' | 'rate' | 'rates' }>,
  path: Path,
  fromMs: number,
  toMs: number,
  draws: Prng,
  report: Report,
): readonly number[] {
  if (stream.kind === 'count') return spreadTimes(stream.body, fromMs, toMs, draws);
  const points: RatePoints =
    stream.kind === 'rate'
      ? [[0, stream.body]]
      : Object.entries(stream.body)
          .map(([time, perSecond]) => [durationMs(time)!, perSecond] as const)
          .sort(([a], [b]) => a - b);
  const expected = expectedCount(points, fromMs, toMs);
  // Room for chance: what is drawn is seldom a tenth above it at this size.
  if (expected > PURCHASES_MAX * 0.9) {
    report(path, `rates that make less than ${PURCHASES_MAX} purchases`, `about ${Math.round(expected)}`);
    return [];
  }
  return poissonTimes(points, fromMs, toMs, draws);
}

function loops(
  stream: Extract<WrittenStream, { kind: 'loop' }>,
  id: string,
  path: Path,
  buyers: readonly string[],
  services: readonly string[] | null,
  draws: Prng,
  { loadMs, report, services: all }: WorkloadResolution,
): readonly ClosedStream[] {
  const { count, think = 0, mode = MODE, from: startMs = 0, giveUp: giveUpMs = GIVE_UP_MS } = stream;
  if (count === undefined) report([...path, 'count'], `integer 1..${PURCHASES_MAX}`, 'nothing');
  if (startMs >= loadMs) report([...path, 'from'], `a time before the end of the load (${loadMs} ms)`);
  const each = stream.body === 'each';
  const total = (count ?? 0) * (each ? buyers.length : 1);
  if (total > PURCHASES_MAX) {
    report([...path, 'count'], `at most ${PURCHASES_MAX} purchases over all buyers`, String(total));
    return [];
  }
  const streamOf = (name: string, seats: readonly string[], own: Prng): ClosedStream => {
    const [thinking, choosing] = [own.stream('think'), own.stream('services')];
    return {
      id: name,
      startMs,
      giveUpMs,
      purchases: seats.map((seat) => ({
        seat,
        service: drawService(services, all, choosing),
        mode,
        thinkMs: typeof think === 'number' ? think : Math.round(-Math.log(1 - thinking.float()) * think.exponential),
      })),
    };
  };
  if (!each) return [streamOf(id, buyersInTurn(count ?? 0, buyers), draws)];
  return buyers.map((seat) => streamOf(`${id}/${seat}`, buyersInTurn(count ?? 0, [seat]), draws.stream(seat)));
}

function bought(
  times: readonly number[],
  buyers: readonly string[],
  services: readonly string[] | null,
  all: readonly string[],
  draws: Prng,
  mode: PlannedPurchase['mode'],
): readonly PlannedPurchase[] {
  return times.map((atMs, index) => ({
    atMs,
    seat: buyers[index]!,
    service: drawService(services, all, draws),
    mode,
  }));
}

function usualTimes(loadMs: number): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = Math.min(EARLIEST_MS, loadMs);
  return { fromMs, toMs: Math.max(fromMs, Math.floor(loadMs * LATEST_SHARE)) };
}

/** Null after a problem. */
function buyersOf(
  stream: WrittenStream,
  path: Path,
  id: string,
  { selector, report, usualBuyers, startsAtMs }: WorkloadResolution,
): readonly string[] | null {
  if (stream.buyers === undefined) {
    if (usualBuyers.length > 0) return usualBuyers;
    report(path, 'buyers (no honest node is there from the beginning)', 'none');
    return null;
  }
  const buyers = selector.select(stream.buyers, [...path, 'buyers'], `purchases/${id}/buyers`);
  const firstMs = stream.kind === 'at' ? Math.min(...stream.body) : (stream.from ?? 0);
  const absent = (buyers ?? []).filter((seat) => (startsAtMs.get(seat) ?? 0) > firstMs);
  if (absent.length === 0) return buyers;
  report(
    [...path, 'buyers'],
    `buyers that are there at ${firstMs} ms`,
    absent.map((seat) => `${seat} from ${startsAtMs.get(seat)} ms on`).join(', '),
  );
  return null;
}

/** Null: nothing was said; undefined after a problem. */
function servicesOf(
  stream: WrittenStream,
  path: Path,
  { report, services: known }: WorkloadResolution,
): readonly string[] | null | undefined {
  const { service, services } = stream;
  if (service !== undefined && services !== undefined) {
    report([...path, 'service'], 'no services beside service', 'both');
    return undefined;
  }
  if (service === undefined && services === undefined) return null;
  const wanted = service === undefined ? services! : [service];
  const at = [...path, service === undefined ? 'services' : 'service'];
  return wanted.map((name) => knownService(name, at, known, report)).every(Boolean) ? wanted : undefined;
}

/** Whether the lab sells it; a problem at `path` where not. */
export function knownService(name: string, path: Path, known: readonly string[], report: Report): boolean {
  if (known.length === 0 || known.includes(name)) return true;
  report(path, `a service (${known.join(', ')})`, `${shown(name)} (nearest: ${nearestName(name, known)})`);
  return false;
}
