/** A check and its outcome in words, the same in every report. Plain text: whoever prints it escapes it. */
import { INVARIANTS } from '../checks/invariant-id.ts';
import { METRICS } from '../checks/metric.ts';
import type { CheckState, EvidenceLine, JudgedCheck } from '../checks/verdict.ts';
import type { Bound, PlannedCheck } from '../scenario/scenario-plan.ts';
import { secondsText } from './quantity-text.ts';

export type CheckResult = 'as expected' | 'not as expected' | 'unknown';

export function resultOf({ asExpected }: Pick<JudgedCheck, 'asExpected'>): CheckResult {
  return asExpected === null ? 'unknown' : asExpected ? 'as expected' : 'not as expected';
}

/** What the check asks for: `to hold: decisions at least 10 at the end`. */
export function expectedText(check: PlannedCheck): string {
  return `to ${check.expect === 'hold' ? 'hold' : 'be violated'}: ${claimText(check)}`;
}

const OBSERVED: { readonly [S in CheckState]: string } = {
  hold: 'it holds',
  violated: 'it is violated',
  unknown: 'too little was seen to say',
};

export function observedText({ state, examined, check }: JudgedCheck): string {
  return `${OBSERVED[state]}; looked at ${examined} ${examined === 1 ? 'event' : 'events'}, at least ${check.evidenceMin} needed`;
}

/** The fields of an evidence line that its other columns do not show, as JSON of one line. */
export function evidenceFields({ observation }: EvidenceLine): string {
  const { seq: _seq, t: _t, at: _at, node: _node, event: _event, prev: _prev, seat: _seat, ...fields } = observation;
  // Hashes are told apart by their first digits; result.json has them whole.
  return JSON.stringify(fields, (_, value: unknown) =>
    typeof value === 'string' && /^[0-9a-f]{32,}$/i.test(value) ? `${value.slice(0, 12)}\u2026` : value,
  );
}

function claimText(check: PlannedCheck): string {
  switch (check.kind) {
    case 'invariant':
      return `${check.invariant} ${INVARIANTS[check.invariant]}`;
    case 'eventually':
      return `${check.metric} ${boundText(check.bound, METRICS[check.metric].unit)} within ${secondsText(check.withinMs)} of ${
        check.after === null ? 'the beginning of the load' : `the end of ${check.after}`
      }`;
    case 'at-end':
      return `${check.metric} ${boundText(check.bound, METRICS[check.metric].unit)} at the end`;
    case 'metric':
      return `${check.metric} ${boundText(check.bound, METRICS[check.metric].unit)}`;
  }
}

function boundText({ atLeast, atMost }: Bound, unit: string): string {
  const shown = (value: number): string => `${value}${unit === '' ? '' : ` ${unit}`}`;
  if (atLeast === null) return `at most ${shown(atMost!)}`;
  if (atMost === null) return `at least ${shown(atLeast)}`;
  return atLeast === atMost ? `exactly ${shown(atLeast)}` : `from ${shown(atLeast)} to ${shown(atMost)}`;
}
