/** I4: the State that a decision leads to, and the id of its request, follow from what the line says was decided. */
import { dcoinText, nextState, requestId } from '../../node/protocol/preimage.ts';
import { numberOf, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';
import { bodyOf } from './request-book.ts';
import { slotOf } from './seat-record.ts';

export const stateHash: BeginFold = ({ parameters, hash }) => {
  const findings = new Findings('decisions whose hashes were made again');
  /** What was recomputed last on a State, so that equal decisions cost one hash: by requester and State. */
  const known = new Map<string, { readonly fields: string; readonly state: string; readonly id: string }>();
  return {
    events: ['decide'],
    take(seat, decide) {
      const body = bodyOf(decide);
      const remaining = numberOf(decide, 'remU');
      const fields = `${body.service}/${body.priceDcoins}/${body.time}/${remaining}`;
      const slot = slotOf(body.requester, body.state);
      let expected = known.get(slot);
      if (expected?.fields !== fields) {
        const state = nextState(body, dcoinText(remaining, parameters), parameters.hexCase, hash);
        expected = { fields, state, id: requestId(body, hash) };
        known.set(slot, expected);
      }
      findings.examine();
      if (decide.newState !== expected.state) {
        findings.violate(
          `seat ${seat} set State ${short(decide.newState)} of node ${body.requester}; what it decided hashes to ${short(expected.state)}`,
          [evidence(seat, decide, `the State should be ${short(expected.state)}`)],
        );
      } else if (textOf(decide, 'reqId') !== expected.id) {
        findings.violate(
          `seat ${seat} decided request ${short(decide.reqId)}, whose fields hash to ${short(expected.id)}`,
          [evidence(seat, decide, `the request's id should be ${short(expected.id)}`)],
        );
      }
    },
    end: () => findings.outcome(),
  };
};
