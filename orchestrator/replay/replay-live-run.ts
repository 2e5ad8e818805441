/**
 * A run of real nodes, driven again: each node's own record through a core of the same profile, one node after another.
 * Nodes do not meet here; what they told each other stands in their records. So this shows that every node did what the
 * core does with what it was given, and nothing about what the fabric gave them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { catalogueOf } from '../../node/host/service-definitions.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { LoadedRun } from '../checks/load-run.ts';
import { Failure } from '../failure.ts';
import { linesOf } from '../files/lines.ts';
import { membersOf } from '../lab/lab-plan.ts';
import type { RunEvent } from '../run/run-record.ts';
import { KnownRequests } from './known-requests.ts';
import { replaySeat, type SeatReplay } from './replay-seat.ts';

export interface LiveReplay {
  readonly directory: string;
  /** In the order of the plan. */
  readonly seats: readonly SeatReplay[];
  /** Seats whose record is not there, a line each. */
  readonly missing: readonly string[];
}

const OBSERVATIONS = 'observations.ndjson';

/** Throws a Failure where the plan is none of this version's. Holds the record of one node at a time. */
export function replayLiveRun({ directory, record }: LoadedRun): LiveReplay {
  const { plan, events, finals } = record;
  const { lab } = plan;
  const hash = nativeSha256Hex;
  const profiled = namedProfile({
    profile: lab.profile,
    parameters: lab.overrides,
    members: membersOf(lab.seats),
    catalogue: catalogueOf(lab.services),
    hash,
  });
  if (!profiled.ok) throw Failure.ofProblems('the plan of the run is no plan of this version', profiled.problems);
  const requests = new KnownRequests(hash);
  for (const { observation } of record.history()) requests.take(observation);
  const readMs = events.find((event) => event.event === 'phase' && event.phase === 'read')?.t ?? null;
  const seats: SeatReplay[] = [];
  const missing: string[] = [];
  for (const { seat, node } of lab.seats) {
    const files = [`${OBSERVATIONS}.1`, OBSERVATIONS]
      .map((name) => join(directory, 'nodes', seat, name))
      .filter((file) => existsSync(file));
    if (files.length === 0) {
      missing.push(`seat ${seat} has no record`);
      continue;
    }
    seats.push(
      replaySeat({
        seat,
        node,
        lines: files.flatMap((file) => [...linesOf(file)]),
        profile: profiled.profile,
        known: { requests, hash },
        orders: ordersOf(events, seat),
        final: finals.get(seat) ?? null,
        readMs,
      }),
    );
  }
  return { directory, seats, missing };
}

function ordersOf(events: readonly RunEvent[], seat: string): { readonly orderId: string; readonly service: string }[] {
  const orders = new Map<string, string>();
  for (const event of events) {
    if (event.event === 'order' && event.seat === seat) orders.set(event.orderId, event.service);
  }
  return [...orders].map(([orderId, service]) => ({ orderId, service }));
}
