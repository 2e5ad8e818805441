/**
 * I18: a wallet changes only by its own traffic and its rewards, a refused message changes nothing, and rows stay bounded:
 * one vote of a voter and one request counts on a current State, and what a node reports to hold is within the profile's
 * bound. On other States than the current one rows may be evicted and come again, so nothing is said of them.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';

interface Stored {
  readonly votes: Map<string, Observation>;
  request: Observation | null;
}

export const isolation: BeginFold = ({ parameters, members }) => {
  const findings = new Findings('stored messages and changes of wallets');
  /** By seat, requester and State: what was stored while that State was current. */
  const current = new Map<string, Map<string, Map<string, Stored>>>();
  /** By seat and wallet: a refused message since its last line. */
  const refused = new Map<string, Map<string, Observation>>();

  const storedOn = (seat: string, requester: string, state: string): Stored => {
    let requesters = current.get(seat);
    if (requesters === undefined) {
      requesters = new Map();
      current.set(seat, requesters);
    }
    let states = requesters.get(requester);
    if (states === undefined) {
      states = new Map();
      requesters.set(requester, states);
    }
    let stored = states.get(state);
    if (stored === undefined) {
      stored = { votes: new Map(), request: null };
      states.set(state, stored);
    }
    return stored;
  };
  return {
    events: ['sensor.rx', 'decide', 'wallet', 'vote.rx', 'req.rx'],
    hole(seat) {
      refused.delete(seat);
      current.delete(seat);
    },
    take(seat, line, record) {
      const { event } = line;
      if (event === 'wallet') {
        const id = textOf(line, 'id');
        const turnedDown = refused.get(seat)?.get(id);
        refused.get(seat)?.delete(id);
        const held = record.wallet(id);
        if (record.booting || held === null) return;
        findings.examine();
        if (record.causes(id).length > 0 || (held.units === line.cU && held.stateHash === line.state)) return;
        const before = record.walletLines.get(id);
        findings.violate(`wallet ${id} changed at seat ${seat} although nothing that concerns it was taken`, [
          ...(before === undefined ? [] : [evidence(seat, before, `wallet ${id} before`)]),
          ...(turnedDown === undefined ? [] : [evidence(seat, turnedDown, `refused: ${textOf(turnedDown, 'reason')}`)]),
          evidence(seat, line, 'changed'),
        ]);
        return;
      }
      if (event === 'decide') {
        current.get(seat)?.get(textOf(line, 'R'))?.delete(textOf(line, 'prevState'));
        return;
      }
      const taken = event === 'req.rx' ? line.ok === true : line.counted === true;
      if (!taken) {
        const id = event === 'sensor.rx' ? textOf(line, 'pub') : textOf(line, 'R');
        const last = refused.get(seat) ?? new Map<string, Observation>();
        refused.set(seat, last);
        last.set(id, line);
        return;
      }
      if (event === 'sensor.rx') return;
      findings.examine();
      const requester = textOf(line, 'R');
      const state = textOf(line, 'prevState');
      if (record.wallet(requester)?.stateHash !== state) return;
      const stored = storedOn(seat, requester, state);
      if (event === 'vote.rx') {
        const voter = textOf(line, 'voter');
        const first = stored.votes.get(voter);
        if (first === undefined) stored.votes.set(voter, line);
        else if (
          parameters.duplicateVotes === 'first-counts' ||
          first.reqId !== line.reqId ||
          first.remU !== line.remU
        ) {
          findings.violate(
            `seat ${seat} counted two votes of ${voter} on State ${short(line.prevState)} of ${requester}`,
            [evidence(seat, first, `the vote of ${voter}`), evidence(seat, line, `a second vote of ${voter}`)],
          );
        }
      } else if (requester !== record.node) {
        // Its own request a node uses up without a lock, so a redelivery of it is stored and dropped again.
        if (stored.request === null || parameters.outdate !== null) stored.request = line;
        else {
          findings.violate(`seat ${seat} stored two requests on State ${short(line.prevState)} of ${requester}`, [
            evidence(seat, stored.request, 'the first request'),
            evidence(seat, line, 'a second one'),
          ]);
        }
      }
    },
    end({ record, seats }) {
      const { rowsPerPair } = parameters;
      if (rowsPerPair !== null) {
        const n = members.length;
        for (const [seat, { storedVotes, storedRequests }] of record.finals) {
          const last = seats.get(seat)?.last;
          if (!current.has(seat) || last === undefined || last === null) continue;
          findings.examine();
          if (storedVotes > rowsPerPair * n * n || storedRequests > rowsPerPair * n) {
            findings.violate(
              `seat ${seat} holds ${storedVotes} votes and ${storedRequests} requests; the bounds are ${rowsPerPair * n * n} and ${rowsPerPair * n}`,
              [evidence(seat, last, `${numberOf(last, 'seq')} lines; too many rows`)],
            );
          }
        }
      }
      return findings.outcome();
    },
  };
};
