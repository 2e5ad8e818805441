/**
 * I17: a decision rewards voters of its own group, each once, with the configured reward, as many as the profile's rule
 * says; and the credits that follow it are these. Who was first is the order of arrival at the node, so nodes may differ.
 */
import { listOf, numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';

interface Open {
  readonly decide: Observation;
  /** Who is to be credited yet. */
  readonly left: string[];
}

export const rewards: BeginFold = ({ parameters }) => {
  const findings = new Findings('rewards of decisions');
  const { dcoinRewardUnits, rewarded: rule } = parameters;
  const open = new Map<string, Open>();
  /** Seats whose next credits may belong to a decision that is missing. */
  const blind = new Set<string>();
  const settle = (seat: string): void => {
    const due = open.get(seat);
    open.delete(seat);
    if (due === undefined || due.left.length === 0) return;
    findings.violate(
      `seat ${seat} rewarded ${due.left.join(', ')} for request ${short(due.decide.reqId)} and credited nothing`,
      [evidence(seat, due.decide, `rewards ${listOf(due.decide, 'rewarded').join(', ')}`)],
    );
  };
  return {
    events: ['decide', 'credit', 'wallet'],
    // The end of a transaction may be missing, and with missing lines the beginning of one as well.
    hole(seat, hole) {
      open.delete(seat);
      if (hole === 'lines') blind.add(seat);
    },
    take(seat, line, record) {
      if (line.event !== 'credit') blind.delete(seat);
      if (line.event === 'wallet') {
        settle(seat);
        return;
      }
      if (line.event === 'decide') {
        settle(seat);
        findings.examine();
        const rewarded = listOf(line, 'rewarded');
        open.set(seat, { decide: line, left: [...rewarded] });
        const problem = unfair(rewarded, listOf(line, 'voters'), rule, numberOf(line, 'nUsed'), (id) =>
          record.wallets().has(id),
        );
        if (problem !== null) {
          findings.violate(`seat ${seat} decided request ${short(line.reqId)} and ${problem}`, [
            evidence(seat, line, problem),
          ]);
        }
        return;
      }
      if (blind.has(seat)) return;
      const due = open.get(seat);
      const id = textOf(line, 'wallet');
      const units = numberOf(line, 'deltaU');
      const place = due?.left.indexOf(id) ?? -1;
      if (due !== undefined && place >= 0 && units === dcoinRewardUnits) {
        due.left.splice(place, 1);
        return;
      }
      const detail =
        place >= 0
          ? `credited ${units} u to ${id}; the rule says ${dcoinRewardUnits} u`
          : `credited ${id}, whom no decision rewards`;
      if (place >= 0) due?.left.splice(place, 1);
      findings.violate(`seat ${seat} ${detail}`, [
        ...(due === undefined
          ? []
          : [evidence(seat, due.decide, `rewards ${listOf(due.decide, 'rewarded').join(', ')}`)]),
        evidence(seat, line, detail),
      ]);
    },
    end: () => findings.outcome(),
  };
};

/** Null: as the rule has it. */
function unfair(
  rewarded: readonly string[],
  voters: readonly string[],
  rule: 'present' | 'first-share',
  n: number,
  hasWallet: (id: string) => boolean,
): string | null {
  const group = new Set(voters);
  const strangers = rewarded.filter((id) => !group.has(id));
  if (strangers.length > 0) return `rewards ${strangers.join(', ')}, who did not vote for it`;
  if (new Set(rewarded).size < rewarded.length) return `rewards somebody twice: ${rewarded.join(', ')}`;
  if (rule === 'present') {
    const left = voters.filter((id) => !rewarded.includes(id) && hasWallet(id));
    return left.length === 0 ? null : `leaves out ${left.join(', ')}`;
  }
  const most = Math.floor((67 * n + 50) / 100);
  return rewarded.length > most ? `rewards ${rewarded.length} voters; the rule says ${most} at most` : null;
}
