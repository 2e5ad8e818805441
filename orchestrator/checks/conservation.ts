/**
 * I13: what all wallets of a node hold is what sensors and rewards brought, less what was spent, less what was burnt. The
 * bounds of what may burn are the point: a decision sets the balance to what its voters had counted, so what a node
 * received on that State meanwhile is lost there, and nothing more; a truncated rule burns less than one DCoin on top.
 * A decision that leaves less than the one before it plus the price took the difference from somebody.
 *
 * The final read of a node that had nothing more to write must agree with its last lines.
 */
import { GENESIS } from '../../node/protocol/message.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, doubtMissingLines, evidence, Findings, type SeenRun, short } from './fold.ts';
import type { SeatRecord } from './seat-record.ts';

interface Base {
  /** Balance right after the decision that led to `state`, or at the first boot. */
  readonly units: number;
  readonly state: string;
  readonly line: Observation | null;
}

export const conservation: BeginFold = (facts) => {
  const findings = new Findings('balances of decisions and nodes');
  const { dcoinRate, dcoinRewardUnits, remaining } = facts.parameters;
  const truncationMax = remaining === 'truncated' ? dcoinRate - 1 : 0;
  /** Started by somebody else, perhaps on another machine, whose clock does not say what came before the reads. */
  const elsewhere = new Set(facts.plan.lab.seats.filter(({ external }) => external === true).map(({ seat }) => seat));
  const bases = new Map<string, Map<string, Base>>();
  /** Units that came and went at each seat since its books were opened; null: they cannot be kept. */
  const flows = new Map<string, { opened: number; earned: number; spent: number; burnt: number } | null>();
  const open = (seat: string) => {
    const flow = flows.get(seat);
    if (flow !== undefined) return flow;
    const opened = { opened: 0, earned: 0, spent: 0, burnt: 0 };
    flows.set(seat, opened);
    return opened;
  };
  return {
    events: ['boot', 'wallet', 'sensor.rx', 'credit', 'decide'],
    hole(seat, hole) {
      // A later life opens its books anew with the lines of its boot; after missing lines nobody can.
      if (hole === 'lines') flows.set(seat, null);
    },
    take(seat, line, record) {
      if (line.event === 'boot') {
        if (record.worstHole !== 'lines') flows.delete(seat);
        return;
      }
      const flow = open(seat);
      const own = bases.get(seat) ?? new Map<string, Base>();
      bases.set(seat, own);
      switch (line.event) {
        case 'wallet':
          if (!record.booting) return;
          if (flow !== null) flow.opened += numberOf(line, 'cU');
          // A later boot names balances that have grown since the last decision.
          if (record.lives > 1 || record.worstHole === 'lines') return;
          own.set(textOf(line, 'id'), { units: numberOf(line, 'cU'), state: textOf(line, 'state'), line });
          return;
        case 'sensor.rx':
          if (line.counted === true && flow !== null) flow.earned++;
          return;
        case 'credit':
          if (flow !== null) flow.earned += numberOf(line, 'deltaU');
          return;
      }
      const requester = textOf(line, 'R');
      const left = numberOf(line, 'remU');
      const price = numberOf(line, 'price') * dcoinRate;
      const held = record.wallet(requester);
      const base = own.get(requester) ?? { units: 0, state: GENESIS, line: null };
      own.set(requester, { units: left, state: textOf(line, 'newState'), line });
      if (flow !== null && held !== null) {
        flow.spent += price;
        flow.burnt += held.units - price - left;
      } else flows.set(seat, null);
      // A decision between the two whose line a crash has cost had another balance.
      if (base.state === textOf(line, 'prevState')) {
        findings.examine();
        const missing = base.units - price - left;
        if (missing > truncationMax) {
          findings.violate(
            `at seat ${seat} node ${requester} had ${base.units} u after its last decision, paid ${price} u and was left with ${left} u: ${missing} u are gone`,
            [
              ...(base.line === null ? [] : [evidence(seat, base.line, `${base.units} u`)]),
              evidence(seat, line, `${left} u after paying ${price} u`),
            ],
          );
        }
      }
      const rewarded = numberOf(line, 'rewardU');
      if (rewarded !== dcoinRewardUnits) {
        findings.violate(`seat ${seat} rewards with ${rewarded} u; the rule says ${dcoinRewardUnits} u`, [
          evidence(seat, line, `rewards of ${rewarded} u`),
        ]);
      }
    },
    end(seen) {
      for (const [seat, flow] of flows) {
        const record = seen.seats.get(seat);
        if (flow === null || record === undefined) continue;
        findings.examine();
        const supply = sum([...record.walletLines.values()].map((line) => numberOf(line, 'cU')));
        const expected = flow.opened + flow.earned - flow.spent - flow.burnt;
        if (supply !== expected && record.last !== null) {
          findings.violate(
            `the wallets of seat ${seat} hold ${supply} u; ${flow.opened} u at its start, ${flow.earned} u earned, ${flow.spent} u spent and ${flow.burnt} u burnt make ${expected} u`,
            [evidence(seat, record.last, `${supply} u in all wallets`)],
          );
        }
        if (!elsewhere.has(seat)) compareFinalRead(findings, seen, seat, record);
      }
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};

/** Only where the node wrote nothing after the reads began. */
function compareFinalRead(findings: Findings, { record: run }: SeenRun, seat: string, record: SeatRecord): void {
  const report = run.finals.get(seat);
  const read = run.events.find((event) => event.event === 'phase' && event.phase === 'read');
  if (report === undefined || read === undefined) return;
  for (const { id, units, stateHash } of report.wallets) {
    const line = record.walletLines.get(id);
    if (line === undefined || line.t >= read.t) continue;
    findings.examine();
    if (line.cU === units && line.state === stateHash) continue;
    findings.violate(
      `seat ${seat} last wrote ${numberOf(line, 'cU')} u on State ${short(line.state)} for wallet ${id} and reported ${units} u on State ${short(stateHash)}`,
      [evidence(seat, line, `reported as ${units} u on State ${short(stateHash)}`)],
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
