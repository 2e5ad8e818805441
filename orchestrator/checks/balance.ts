/**
 * I9: a balance changes by sensor data (one unit), by rewards and by decisions, and by nothing else. The lines that change
 * a wallet are added up; each `wallet` line must say what they come to. A new life starts from the lines of its boot.
 *
 * I18 has the other side of it: a wallet changes only where something was its business.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';
import type { EvidenceLine } from './verdict.ts';

export const balance: BeginFold = ({ parameters }) => {
  const findings = new Findings('changes of balances');
  // The reference codes let a forged vote set any balance, below zero as well; the invariant does not.
  const lowest = 0;
  return {
    events: ['wallet'],
    take(seat, line, record) {
      const id = textOf(line, 'id');
      const held = record.wallet(id);
      if (record.booting || held === null) return;
      findings.examine();
      const units = numberOf(line, 'cU');
      if (units >= lowest && units === held.units && line.state === held.stateHash) return;
      const before = record.walletLines.get(id);
      const proof: EvidenceLine[] = [
        ...(before === undefined ? [] : [evidence(seat, before, `wallet ${id} before`)]),
        ...record.causes(id).map((cause) => evidence(seat, cause, causeText(cause, parameters.dcoinRewardUnits))),
      ];
      const expected = `${held.units} u on State ${short(held.stateHash)}`;
      const found = `${units} u on State ${short(line.state)}`;
      const [detail, why] =
        units < lowest
          ? [`wallet ${id} is below zero at seat ${seat}: ${units} u`, 'below zero']
          : [`wallet ${id} at seat ${seat} should hold ${expected} and holds ${found}`, `should be ${expected}`];
      findings.violate(detail, [...proof, evidence(seat, line, why)]);
    },
    end: () => findings.outcome(),
  };
};

function causeText(cause: Observation, rewardUnits: number): string {
  switch (cause.event) {
    case 'sensor.rx':
      return 'one unit for sensor data';
    case 'credit':
      return `a reward of ${numberOf(cause, 'deltaU')} u (the rule: ${rewardUnits})`;
    default:
      return `the decision leaves ${numberOf(cause, 'remU')} u`;
  }
}
