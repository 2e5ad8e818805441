/** When faults were at work, as spans of time for plots and as words. Pure. */
import { shortened } from './markup.ts';
import type { Span } from './plot/bands.ts';
import { secondsText } from './quantity-text.ts';
import type { TimeSpan } from './run-series.ts';
import type { FaultSummary, RunSummary } from './run-summary.ts';

/** Over with what they do: no healing is told of them. */
const MOMENTARY: readonly FaultSummary['kind'][] = ['restart', 'join', 'cut-client', 'broker-restart'];

/** From asked to healed; null for a fault that was never asked for. One that was not healed lasts to `endMs`. */
export function faultSpan(fault: FaultSummary, endMs: number): TimeSpan | null {
  const { askedMs, appliedMs, verifiedMs, healedMs, kind, state } = fault;
  const fromMs = askedMs ?? appliedMs;
  if (fromMs === null) return null;
  const over = MOMENTARY.includes(kind) || (state === 'failed' && appliedMs === null);
  const toMs = healedMs ?? (over ? (verifiedMs ?? appliedMs ?? fromMs) : endMs);
  return { fromMs, toMs: Math.max(fromMs, toMs) };
}

/** Numbered as `faults` is, from 1. */
export function faultSpans(faults: readonly FaultSummary[], endMs: number): readonly Span[] {
  return faults.flatMap((fault, index) => {
    const span = faultSpan(fault, endMs);
    if (span === null) return [];
    const title = `${index + 1} ${shortened(fault.title, 100)}: ${secondsText(span.fromMs)} to ${secondsText(span.toMs)}, ${fault.state}`;
    return [{ label: String(index + 1), title, ...span }];
  });
}

/** When what was not healed before is healed. */
export function loadEndMs({ phases }: Pick<RunSummary, 'phases'>, otherwiseMs: number): number {
  const heal = phases.find(({ phase }) => phase === 'heal');
  if (heal !== undefined) return heal.fromMs;
  const load = phases.find(({ phase }) => phase === 'load');
  return load === undefined ? otherwiseMs : load.fromMs + load.tookMs;
}
