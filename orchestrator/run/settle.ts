/**
 * The end of the load: waits until nothing is under way any more, or for so long as the plan allows. At rest means: the
 * fabric holds no message for a node that is up, and all ledgers looked the same for a while. Whether they also agree
 * is for the checks to say.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import type { Parameters } from '../../node/protocol/parameters.ts';
import type { Lab } from '../lab/lab.ts';

export interface Settled {
  /** True when it came to rest in time. */
  readonly quiet: boolean;
  readonly tookMs: number;
  /** What it was still waiting for; empty when quiet. */
  readonly waitingFor: readonly string[];
}

export interface SettleOptions {
  readonly msMax: number;
  /** How long nothing may change: longer than the profile lets anything wait. */
  readonly quietMs: number;
  /** Seats that are meant to be up. */
  readonly seats: () => readonly string[];
  readonly signal: AbortSignal;
}

const LOOK_AGAIN_MS = 50;
const EVENT_DRIVEN_QUIET_MS = 200;
const POLLING_QUIET_PERIODS = 1.5;

/** A profile that acts on a timer may be silent for a period and still have something to do. */
export function quietMsOf({ schedule, consensusPeriodMs }: Parameters): number {
  return schedule === 'event'
    ? EVENT_DRIVEN_QUIET_MS
    : EVENT_DRIVEN_QUIET_MS + POLLING_QUIET_PERIODS * consensusPeriodMs;
}

export async function settle(lab: Lab, options: SettleOptions): Promise<Settled> {
  const begunMs = performance.now();
  let before = '';
  let sinceMs = begunMs;
  for (;;) {
    const [reports, stats] = await Promise.all([lab.reports(), lab.fabric.stats()]);
    const seats = options.seats();
    const waitingFor: string[] = [];
    const silent = seats.filter((seat) => !reports.has(seat));
    if (silent.length > 0) waitingFor.push(`seats ${silent.join(', ')} to answer`);
    const up = new Set(seats);
    const held = (stats?.sessions ?? []).filter(
      ({ seat, waiting, inFlight }) => up.has(seat) && waiting + inFlight > 0,
    );
    if (held.length > 0)
      waitingFor.push(`messages that the fabric holds for ${held.map(({ seat }) => seat).join(', ')}`);
    const now = performance.now();
    const looks = fingerprint(reports);
    if (looks !== before || waitingFor.length > 0) {
      before = looks;
      sinceMs = now;
    } else if (now - sinceMs >= options.quietMs) {
      return { quiet: true, tookMs: now - begunMs, waitingFor: [] };
    }
    if (now - begunMs >= options.msMax || options.signal.aborted) {
      if (waitingFor.length === 0) waitingFor.push('ledgers that no longer change');
      return { quiet: false, tookMs: now - begunMs, waitingFor };
    }
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}

/** Everything of the reports that an event of the protocol changes. */
function fingerprint(reports: ReadonlyMap<string, NodeReport>): string {
  return JSON.stringify(
    [...reports].map(([seat, { wallets, storedRequests, storedVotes, locks, pendingOrders, decisions, services }]) => [
      seat,
      wallets,
      storedRequests,
      storedVotes,
      locks,
      pendingOrders,
      decisions,
      services,
    ]),
  );
}
