/**
 * I5: every request and vote that a correct node stored carries valid work for its own sender. A vote's line holds the
 * request's id only; what no correct node knows the request of (a vote for an invented one) cannot be checked and is told.
 */
import { dcoinText, NO_DCOIN, workPrefix } from '../../node/protocol/preimage.ts';
import { satisfiesDifficulty } from '../../node/protocol/work.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';
import type { RequestBook } from './request-book.ts';

/** Messages that were found valid and are remembered, so that each is hashed once and not once a receiver. */
const REMEMBERED_MAX = 50_000;

type Finding = 'valid' | 'invalid' | 'unknown-request' | 'no-nonce';

/** What a valid vote says beside its request and its voter. */
interface ValidVote {
  readonly remU: number;
  readonly nonce: number;
}

interface Stored {
  readonly seat: string;
  readonly line: Observation;
}

export const work: BeginFold = ({ parameters, hash }, requests) => {
  const findings = new Findings('stored requests and votes whose work was done again');
  const valid = new Set<string>();
  /** The same of votes, by request and voter: they are most of all lines, and a joined key costs more than the rest. */
  const validVotes = new Map<string, Map<string, ValidVote[]>>();
  /** Whose request is not known yet: its line may come later. One of each, and how many there were. */
  const later = new Map<string, Stored & { count: number }>();
  let withoutNonce = 0;

  const check = (line: Observation, book: RequestBook): Finding => {
    const nonce = numberOf(line, 'nonce');
    const body = book.get(line.reqId);
    if (body === null) return 'unknown-request';
    if (Number.isNaN(nonce)) return 'no-nonce';
    const vote = line.event === 'vote.rx';
    const prefix = vote
      ? workPrefix(textOf(line, 'voter'), body, dcoinText(numberOf(line, 'remU'), parameters))
      : workPrefix(body.requester, body, NO_DCOIN);
    return satisfiesDifficulty(hash(prefix + nonce), parameters.difficulty) ? 'valid' : 'invalid';
  };
  const note = (finding: Finding, { seat, line }: Stored, count: number): void => {
    if (finding === 'no-nonce') {
      withoutNonce += count;
      return;
    }
    findings.examine(count);
    if (finding !== 'invalid') return;
    const what = line.event === 'vote.rx' ? `the vote of ${textOf(line, 'voter')}` : 'the request';
    findings.violate(
      `seat ${seat} stored ${what} for ${short(line.reqId)} with nonce ${String(line.nonce)}, which is no valid work`,
      [evidence(seat, line, `nonce ${String(line.nonce)} is no valid work`)],
    );
  };
  return {
    events: ['req.rx', 'vote.rx'],
    take(seat, line) {
      const vote = line.event === 'vote.rx';
      if ((vote ? line.counted : line.ok) !== true) return;
      const found = vote ? validVotes.get(textOf(line, 'reqId'))?.get(textOf(line, 'voter')) : undefined;
      if (found !== undefined && includes(found, line)) {
        findings.examine();
        return;
      }
      const message = `${textOf(line, 'reqId')}/${vote ? `${textOf(line, 'voter')}/${numberOf(line, 'remU')}` : ''}/${numberOf(line, 'nonce')}`;
      if (valid.has(message)) {
        findings.examine();
        return;
      }
      const waiting = later.get(message);
      if (waiting !== undefined) {
        waiting.count++;
        return;
      }
      const finding = check(line, requests);
      if (finding === 'unknown-request') {
        later.set(message, { seat, line, count: 1 });
        return;
      }
      note(finding, { seat, line }, 1);
      if (finding !== 'valid') return;
      if (valid.size >= REMEMBERED_MAX) {
        valid.clear();
        validVotes.clear();
      }
      valid.add(message);
      if (vote) remember(validVotes, line);
    },
    end() {
      let unknown = 0;
      for (const { count, ...stored } of later.values()) {
        const finding = check(stored.line, requests);
        if (finding === 'unknown-request') unknown += count;
        else note(finding, stored, count);
      }
      if (withoutNonce > 0) findings.doubt(`${withoutNonce} lines name no nonce`);
      const outcome = findings.outcome();
      const untold = unknown === 0 ? '' : `; ${unknown} votes are for requests that no correct node received`;
      return { ...outcome, detail: outcome.detail + untold };
    },
  };
};

function includes(votes: readonly ValidVote[], line: Observation): boolean {
  for (const { remU, nonce } of votes) if (remU === line.remU && nonce === line.nonce) return true;
  return false;
}

function remember(votes: Map<string, Map<string, ValidVote[]>>, line: Observation): void {
  const byVoter = votes.get(textOf(line, 'reqId')) ?? new Map<string, ValidVote[]>();
  votes.set(textOf(line, 'reqId'), byVoter);
  const known = byVoter.get(textOf(line, 'voter')) ?? [];
  byVoter.set(textOf(line, 'voter'), known);
  known.push({ remU: numberOf(line, 'remU'), nonce: numberOf(line, 'nonce') });
}
