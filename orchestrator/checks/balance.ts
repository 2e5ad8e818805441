/**
 * I9: a balance changes by sensor data (one unit), by rewards and by decisions, and by nothing else. The lines that change
 * a wallet are added up; each `wallet` line must say what they come to. A new life starts from the lines of its boot.
 *
 * I18 has the other side of it: a wallet changes only where something was its business.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, evidence, Findings, short } from './fold.ts';
import type { EvidenceLine } from './verdict.ts';

/** Causes of one change that are kept for its evidence. */
const CAUSES_MAX = 8;

/** Lines that change a wallet, since its last `wallet` line, of each seat. */
export class WalletCauses {
  readonly #seats = new Map<string, Map<string, Observation[]>>();

  take(seat: string, observation: Observation): void {
    const id = changedWallet(observation);
    if (id === null) return;
    const wallets = this.#seats.get(seat) ?? new Map<string, Observation[]>();
    this.#seats.set(seat, wallets);
    const causes = wallets.get(id);
    if (causes === undefined) wallets.set(id, [observation]);
    else if (causes.length < CAUSES_MAX) causes.push(observation);
  }

  /** Those of `id`, which begin anew. */
  taken(seat: string, id: string): readonly Observation[] {
    const wallets = this.#seats.get(seat);
    const causes = wallets?.get(id) ?? [];
    wallets?.delete(id);
    return causes;
  }

  forget(seat: string): void {
    this.#seats.delete(seat);
  }
}

function changedWallet(observation: Observation): string | null {
  switch (observation.event) {
    case 'sensor.rx':
      return observation.counted === true ? textOf(observation, 'pub') : null;
    case 'credit':
      return textOf(observation, 'wallet');
    case 'decide':
      return textOf(observation, 'R');
    default:
      return null;
  }
}

export const balance: BeginFold = ({ parameters }) => {
  const findings = new Findings('changes of balances');
  const causes = new WalletCauses();
  // The reference codes let a forged vote set any balance, below zero as well; the invariant does not.
  const lowest = 0;
  return {
    events: ['sensor.rx', 'credit', 'decide', 'wallet'],
    hole: (seat) => causes.forget(seat),
    take(seat, line, record) {
      if (line.event !== 'wallet') {
        causes.take(seat, line);
        return;
      }
      const id = textOf(line, 'id');
      const made = causes.taken(seat, id);
      const held = record.wallet(id);
      if (record.booting || held === null) return;
      findings.examine();
      const units = numberOf(line, 'cU');
      if (units >= lowest && units === held.units && line.state === held.stateHash) return;
      const before = record.walletLines.get(id);
      const proof: EvidenceLine[] = [
        ...(before === undefined ? [] : [evidence(seat, before, `wallet ${id} before`)]),
        ...made.map((cause) => evidence(seat, cause, causeText(cause, parameters.dcoinRewardUnits))),
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
