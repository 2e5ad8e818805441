/**
 * I8: when a correct node decides upon its vote, it holds the State that the request names, the service is listed at that
 * price, its balance of the requester covers it, and Remaining is what the profile's rule gives. Looked at where the vote
 * is locked (`vote.cast`): until its work is found the balance may go on.
 */
import { remainingRule } from '../../node/protocol/paper-profile.ts';
import { numberOf, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';

export const voteValidity: BeginFold = ({ parameters, profile }, requests) => {
  const findings = new Findings('votes that were worked out again');
  const remaining = remainingRule(parameters);
  return {
    events: ['vote.cast'],
    take(seat, line, record) {
      const requester = textOf(line, 'R');
      const body = requests.get(line.reqId);
      const held = record.wallet(requester);
      if (body === null || held === null) {
        findings.doubt(
          `what seat ${seat} held ${body === null ? 'of the request' : `for node ${requester}`} when it voted is not in its record`,
        );
        return;
      }
      findings.examine();
      const wallet = record.walletLines.get(requester);
      const violate = (detail: string): void =>
        findings.violate(`seat ${seat} voted for request ${short(line.reqId)} of node ${requester}: ${detail}`, [
          ...(wallet === undefined ? [] : [evidence(seat, wallet, `wallet ${requester} before the vote`)]),
          evidence(seat, line, detail),
        ]);
      const listed = profile.catalogue?.get(body.service);
      const left = remaining(held.units, body.priceDcoins);
      if (held.stateHash !== textOf(line, 'prevState')) {
        violate(`it holds State ${short(held.stateHash)}, not ${short(line.prevState)}`);
      } else if (profile.catalogue !== null && listed !== body.priceDcoins) {
        violate(`${body.service} is not listed at ${body.priceDcoins} DCoins`);
      } else if (body.priceDcoins * parameters.dcoinRate > held.units) {
        violate(`${held.units} u do not cover ${body.priceDcoins * parameters.dcoinRate} u`);
      } else if (numberOf(line, 'remU') !== left) {
        violate(`Remaining is ${numberOf(line, 'remU')} u, the rule gives ${left} u`);
      }
    },
    end: () => findings.outcome(),
  };
};
