/**
 * The lines that a diagram of some evidence shows: the evidence itself and the few around it that it cannot be followed
 * without: how the requests came about, who sent the votes that were counted, what Byzantine nodes did about them. One
 * pass over the history serves all checks of a run.
 */
import { type Observation, textOf } from '../history/observation.ts';
import { byNumberThenText } from '../history/wallet-agreement.ts';
import type { EvidenceLine, JudgedCheck } from './verdict.ts';

export interface DiagramLine extends EvidenceLine {
  /** Part of the evidence, not of what is around it. */
  readonly proof: boolean;
}

/** Lines around the evidence of one check; the earliest are kept. */
const AROUND_MAX = 40;

interface Wanted {
  readonly check: JudgedCheck;
  readonly known: ReadonlySet<string>;
  readonly requests: ReadonlySet<string>;
  /** Votes that the evidence counts: voter, request and balance. */
  readonly votes: ReadonlySet<string>;
  /** Voters whose own votes are the evidence, with the requests: how they heard of them. */
  readonly heard: ReadonlySet<string>;
  readonly around: DiagramLine[];
}

/** By check, of those that have evidence: its lines and those around, in order of time. */
export function diagramLines(
  history: Iterable<{ readonly seat: string; readonly observation: Observation }>,
  checks: readonly JudgedCheck[],
): ReadonlyMap<JudgedCheck, readonly DiagramLine[]> {
  const wanted = checks.filter(({ evidence }) => evidence.length > 0).map(wantedFor);
  const asked = new Set(wanted.flatMap(({ requests }) => [...requests]));
  if (asked.size > 0) {
    for (const { seat, observation } of history) {
      if (!asked.has(textOf(observation, 'reqId'))) continue;
      for (const want of wanted) take(want, seat, observation);
    }
  }
  return new Map(
    wanted.map(({ check, around }) => {
      const proof = check.evidence.map((line) => ({ ...line, proof: true }));
      return [check, [...proof, ...around].sort(byTime)];
    }),
  );
}

/** Lines of one moment stay together by seat, each seat's in its own order. */
function byTime(a: DiagramLine, b: DiagramLine): number {
  const { t, seq } = a.observation;
  if (t !== b.observation.t) return t - b.observation.t;
  return a.seat === b.seat ? seq - b.observation.seq : byNumberThenText(a.seat, b.seat);
}

function wantedFor(check: JudgedCheck): Wanted {
  const lines = check.evidence;
  const ofEvent = (...events: string[]) => lines.filter(({ observation }) => events.includes(observation.event));
  return {
    check,
    known: new Set(lines.map(({ seat, observation }) => `${seat}/${observation.seq}`)),
    requests: new Set(lines.map(({ observation }) => textOf(observation, 'reqId')).filter((id) => id !== '')),
    votes: new Set(ofEvent('vote.rx').map(({ observation }) => voteKey(textOf(observation, 'voter'), observation))),
    heard: new Set(
      ofEvent('vote.tx', 'vote.cast').map(({ seat, observation }) => `${seat}/${textOf(observation, 'reqId')}`),
    ),
    around: [],
  };
}

function take(want: Wanted, seat: string, observation: Observation): void {
  const { requests, votes, heard, known, around } = want;
  const id = textOf(observation, 'reqId');
  if (around.length >= AROUND_MAX || !requests.has(id) || known.has(`${seat}/${observation.seq}`)) return;
  const why = reasonToShow();
  if (why !== null) around.push({ seat, observation, why, proof: false });

  function reasonToShow(): string | null {
    switch (observation.event) {
      case 'req.tx':
        // Whoever tells each receiver for itself has a line for each.
        return asked(seat, id) ? null : `asks for ${textOf(observation, 'service')}`;
      case 'byzantine':
        return `deviates: ${textOf(observation, 'act')}`;
      case 'vote.tx':
        // A repetition is the same vote once more.
        return votes.has(voteKey(observation.node, observation)) && !shown(observation) ? 'sends its vote' : null;
      case 'req.rx':
        return heard.has(`${seat}/${id}`) && observation.ok === true ? 'hears of the request' : null;
      default:
        return null;
    }
  }

  function asked(at: string, request: string): boolean {
    return around.some(
      (line) =>
        line.seat === at && line.observation.event === 'req.tx' && textOf(line.observation, 'reqId') === request,
    );
  }

  function shown(vote: Observation): boolean {
    const key = voteKey(vote.node, vote);
    return around.some(
      (line) => line.observation.event === 'vote.tx' && voteKey(line.observation.node, line.observation) === key,
    );
  }
}

/** Names a vote, whoever saw it. */
export function voteKey(voter: string, observation: Observation): string {
  return `${voter}/${textOf(observation, 'reqId')}/${String(observation.remU)}`;
}
