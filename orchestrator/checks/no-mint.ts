/**
 * I14: what correct nodes decide was voted for by one of them at least, and a requester never spends more than it earned:
 * all its prices so far and what the decision leaves are covered by its sensor data, its rewards and what it began with.
 *
 * What a correct requester earned by then is read from its own record, in its own order, since every unit that a vote
 * counted was sent before the requester could decide on that vote; no clocks of two machines are compared. For any other
 * requester the (weaker) bound is everything that correct nodes ever credited to it in the whole run, all of them taken
 * together: they may have credited different things.
 */
import { listOf, numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, doubtMissingLines, evidence, Findings, short } from './fold.ts';
import { slotOf } from './seat-record.ts';

interface Decided {
  readonly seat: string;
  readonly decide: Observation;
}

/** What a correct node earned and spent according to its own record. */
interface OwnBook {
  earned: number;
  spent: number;
  /** Votes that may have been rewarded. */
  readonly votes: Set<string>;
}

/** What correct nodes credited to somebody who is not. */
interface ForeignBook {
  begun: number;
  readonly positions: Set<string>;
  withoutPosition: number;
  readonly rewards: Set<string>;
  readonly chain: Map<string, Decided>;
}

export const noMint: BeginFold = (facts) => {
  const findings = new Findings('decisions of correct nodes');
  const { dcoinRate, dcoinRewardUnits } = facts.parameters;
  const correctNodes = new Set([...facts.correct].map((seat) => facts.nodeOf.get(seat)!));
  /** Votes of correct nodes, and the first decision on each vote. */
  const voted = new Set<string>();
  const decided = new Map<string, Decided>();
  const own = new Map<string, OwnBook>();
  const foreign = new Map<string, ForeignBook>();

  const ownBook = (seat: string): OwnBook => {
    const book = own.get(seat) ?? { earned: 0, spent: 0, votes: new Set() };
    own.set(seat, book);
    return book;
  };
  const foreignBook = (id: string): ForeignBook | null => {
    if (correctNodes.has(id)) return null;
    const book = foreign.get(id) ?? {
      begun: 0,
      positions: new Set(),
      withoutPosition: 0,
      rewards: new Set(),
      chain: new Map(),
    };
    foreign.set(id, book);
    return book;
  };

  return {
    events: ['wallet', 'sensor.tx', 'sensor.rx', 'vote.cast', 'vote.tx', 'decide'],
    take(seat, line, record) {
      const { node } = record;
      switch (line.event) {
        case 'wallet': {
          // What a wallet holds at the first boot was there before the run.
          if (!record.booting || record.lives > 1) return;
          const id = textOf(line, 'id');
          const book = foreignBook(id);
          if (book !== null) book.begun = Math.max(book.begun, numberOf(line, 'cU'));
          else if (id === node) ownBook(seat).earned += numberOf(line, 'cU');
          return;
        }
        case 'sensor.tx':
          if (textOf(line, 'pub') === node) ownBook(seat).earned++;
          return;
        case 'sensor.rx': {
          const book = line.counted === true ? foreignBook(textOf(line, 'pub')) : null;
          if (book === null) return;
          if (line.sequence === undefined) book.withoutPosition++;
          else book.positions.add(`${numberOf(line, 'stream')}/${numberOf(line, 'sequence')}`);
          return;
        }
        case 'vote.cast':
        case 'vote.tx': {
          voted.add(voteOf(line));
          const book = ownBook(seat);
          const vote = slotOf(textOf(line, 'R'), `${textOf(line, 'prevState')}/${voteOf(line)}`);
          if (book.votes.has(vote)) return;
          book.votes.add(vote);
          book.earned += dcoinRewardUnits;
          return;
        }
        default:
          decide(seat, line, record);
      }
    },
    end(seen) {
      const complete = [...facts.correct].every((seat) => seen.seats.get(seat)?.worstHole !== 'lines');
      for (const [vote, { seat, decide }] of decided) {
        if (voted.has(vote)) continue;
        if (!complete) {
          findings.doubt('the votes of correct nodes are not complete');
          continue;
        }
        const voters = listOf(decide, 'voters').join(', ');
        findings.violate(
          `seat ${seat} decided request ${short(decide.reqId)} with ${numberOf(decide, 'remU')} u left; no correct node voted for that, but ${voters} did`,
          [evidence(seat, decide, `decides on votes of ${voters}`)],
        );
      }
      if (complete) for (const [requester, book] of foreign) bound(requester, book);
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };

  function decide(seat: string, line: Observation, record: Parameters<ReturnType<BeginFold>['take']>[2]): void {
    findings.examine();
    const requester = textOf(line, 'R');
    const state = textOf(line, 'prevState');
    if (!decided.has(voteOf(line))) decided.set(voteOf(line), { seat, decide: line });
    for (const id of listOf(line, 'rewarded')) foreignBook(id)?.rewards.add(slotOf(requester, state));
    const book = foreignBook(requester);
    if (book !== null) {
      const link = `${state}/${textOf(line, 'newState')}`;
      if (!book.chain.has(link)) book.chain.set(link, { seat, decide: line });
    }
    if (requester !== record.node || record.worstHole === 'lines') return;
    const purse = ownBook(seat);
    const left = numberOf(line, 'remU');
    purse.spent += numberOf(line, 'price') * dcoinRate;
    if (purse.spent + left <= purse.earned) return;
    const votes = record.votes(requester, state).filter((vote) => voteOf(vote) === voteOf(line));
    findings.violate(
      `node ${requester} has spent ${purse.spent} u and is left with ${left} u, but has earned ${purse.earned} u at most`,
      [
        ...votes.slice(0, 1).map((vote) => evidence(seat, vote, `a vote for ${left} u left`)),
        evidence(seat, line, `${purse.spent} u spent, ${left} u left, ${purse.earned} u earned at most`),
      ],
    );
  }

  function bound(requester: string, book: ForeignBook): void {
    const earned = book.begun + book.positions.size + book.withoutPosition + book.rewards.size * dcoinRewardUnits;
    let spent = 0;
    for (const { seat, decide: line } of book.chain.values()) {
      spent += numberOf(line, 'price') * dcoinRate;
      const left = numberOf(line, 'remU');
      if (spent + left <= earned) continue;
      findings.violate(
        `node ${requester} has spent ${spent} u and is left with ${left} u; correct nodes credited it ${earned} u in all`,
        [evidence(seat, line, `${spent} u spent, ${left} u left, ${earned} u credited in all`)],
      );
      return;
    }
  }
};

function voteOf(line: Observation): string {
  return `${textOf(line, 'reqId')}/${numberOf(line, 'remU')}`;
}
