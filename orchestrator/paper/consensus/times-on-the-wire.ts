/**
 * When requests and their votes passed the broker, out of the fabric's journal. The journal says who sent what kind of
 * message, and nothing of its content; so a vote is known to be for a request by its place: after the request and
 * before the next one. That holds for requests that do not overlap, which is looked at: a request whose votes are not
 * all in its place, or that follows such a one, is not `alone` and has no times. Pure.
 *
 * The journal's clock is that of the nodes' records: CLOCK_MONOTONIC of one machine, in containers too.
 */

/** A line of the journal, as far as it is read here. */
export interface WireLine {
  /** Monotonic milliseconds. */
  readonly t: number;
  readonly from: string;
  readonly class: 'request' | 'vote';
  readonly bytes: number;
  readonly recipients: number;
}

/** What the nodes' own records say of a request. */
export interface SentRequest {
  readonly requester: string;
  /** Monotonic milliseconds. */
  readonly sentAtMs: number;
  /** Votes for it that were sent, of all nodes. */
  readonly votesSent: number;
  /** All of them were equal. */
  readonly unanimous: boolean;
}

export interface WireTimes {
  /** Its votes are all in the journal between it and the next one, and so are those of the request before it. */
  readonly alone: boolean;
  /** From sending to the request's own passage. Null: it is not in the journal. */
  readonly passageMs: number | null;
  /** From sending to the passage of the quorum's last vote. Null: no quorum of equal votes, or not alone. */
  readonly quorumMs: number | null;
  /** Messages that the broker took for it, their copies, and their payloads once each. */
  readonly publishes: number;
  readonly deliveries: number;
  readonly payloadBytes: number;
}

/** Null for a line of another kind, and for none at all. */
export function wireLine(text: string): WireLine | null {
  let value: Partial<WireLine>;
  try {
    value = JSON.parse(text) as Partial<WireLine>;
  } catch {
    return null;
  }
  const { t, from, class: kind, bytes, recipients } = value;
  if (kind !== 'request' && kind !== 'vote') return null;
  // A link rule's line has a class too, and no recipients.
  if (typeof t !== 'number' || typeof from !== 'string' || typeof bytes !== 'number') return null;
  return typeof recipients === 'number' ? { t, from, class: kind, bytes, recipients } : null;
}

const NOWHERE: WireTimes = {
  alone: false,
  passageMs: null,
  quorumMs: null,
  publishes: 0,
  deliveries: 0,
  payloadBytes: 0,
};

/** One for each of `requests`, which are in the order of sending, as `lines` are in that of passing. */
export function timesOnTheWire(
  lines: readonly WireLine[],
  requests: readonly SentRequest[],
  quorum: number,
): readonly WireTimes[] {
  const places: WireLine[][] = [];
  for (const line of lines) {
    if (line.class === 'request') places.push([line]);
    else places.at(-1)?.push(line);
  }
  let next = 0;
  let orderly = true;
  return requests.map(({ requester, sentAtMs, votesSent, unanimous }) => {
    const found = places.findIndex(([head], index) => index >= next && head!.from === requester && head!.t >= sentAtMs);
    if (found < 0) {
      orderly = false;
      return NOWHERE;
    }
    // Somebody's request in between is nobody's here: what came with it may be of either.
    const follows = found === next;
    next = found + 1;
    const place = places[found]!;
    const votes = new Map<string, WireLine>();
    for (const line of place) if (line.class === 'vote' && !votes.has(line.from)) votes.set(line.from, line);
    const complete = votes.size === votesSent;
    const alone = orderly && follows && complete;
    orderly = complete;
    const last = [...votes.values()][quorum - 1];
    return {
      alone,
      passageMs: place[0]!.t - sentAtMs,
      quorumMs: alone && unanimous && last !== undefined ? last.t - sentAtMs : null,
      publishes: place.length,
      deliveries: place.reduce((sum, { recipients }) => sum + recipients, 0),
      payloadBytes: place.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}
