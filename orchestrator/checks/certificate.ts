/**
 * I6: a decision rests on a quorum: distinct members other than the requester, as many as the configuration asks for,
 * each with an equal vote that the deciding node had counted. The quorum that the node used must be the configuration's,
 * too: a node that knows two wallets would decide with one vote.
 */
import { listOf, numberOf, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';
import { certificateOf } from './seat-record.ts';

export const certificate: BeginFold = ({ members, quorum }) => {
  const findings = new Findings('decisions whose votes were counted again');
  const known = new Set(members);
  return {
    events: ['decide'],
    take(seat, decide, record) {
      findings.examine();
      const requester = textOf(decide, 'R');
      const voters = listOf(decide, 'voters');
      const votes = certificateOf(decide, record.votes(requester, textOf(decide, 'prevState')));
      const what = `seat ${seat} decided request ${short(decide.reqId)}`;
      const proof = (why: string) => [
        ...votes.map((vote) => evidence(seat, vote, `counts the vote of ${textOf(vote, 'voter')}`)),
        evidence(seat, decide, why),
      ];
      const distinct = new Set(voters);
      const strangers = [...distinct].filter((voter) => !known.has(voter) || voter === requester);
      if (distinct.size < voters.length) findings.violate(`${what} with voters counted twice`, proof('voters repeat'));
      else if (strangers.length > 0) {
        findings.violate(
          `${what} with votes of ${strangers.join(', ')}, who may not vote`,
          proof('voters who may not'),
        );
      } else if (distinct.size < quorum) {
        findings.violate(
          `${what} with ${distinct.size} votes of ${quorum}`,
          proof(`${distinct.size} votes are no quorum`),
        );
      } else if (numberOf(decide, 'qUsed') !== quorum) {
        const used = numberOf(decide, 'qUsed');
        findings.violate(`${what} with a quorum of ${used}; the configuration says ${quorum}`, [
          evidence(seat, decide, `quorum ${used} in place of ${quorum}`),
        ]);
      } else if (votes.length < distinct.size) {
        const missing = [...distinct].filter((voter) => !votes.some((vote) => vote.voter === voter));
        if (record.worstHole === null) {
          findings.violate(
            `${what} without having counted the votes of ${missing.join(', ')}`,
            proof('votes are missing'),
          );
        } else findings.doubt(`lines of votes are missing in the record of seat ${seat}`);
      }
    },
    end: () => findings.outcome(),
  };
};
