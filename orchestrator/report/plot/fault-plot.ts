/**
 * Faults as rows under each other on the axis of time: dashed from asked to applied, full from applied to healed, a
 * stroke where the effect was seen. Pure.
 */
import { faultSpan } from '../fault-spans.ts';
import { escaped, shortened } from '../markup.ts';
import type { TimeSpan } from '../run-series.ts';
import type { FaultSummary } from '../run-summary.ts';
import { emptyFrame, type FrameOptions, frame, textWidth, xAxis } from './frame.ts';
import { short } from './marks.ts';
import { linearScale } from './scale.ts';

const ROW_PX = 34;
const BAR_PX = 12;
const TOP_PX = 8;
const AXIS_PX = 40;
export const FAULT_ROWS_MAX = 40;

export function faultPlotPx(faults: readonly FaultSummary[]): number {
  return faults.length === 0 ? 60 : TOP_PX + Math.min(faults.length, FAULT_ROWS_MAX) * ROW_PX + AXIS_PX;
}

export function faultPlot(
  options: FrameOptions,
  faults: readonly FaultSummary[],
  span: TimeSpan,
  endMs: number,
): string {
  if (faults.length === 0) return emptyFrame(options, 'The scenario has no faults.');
  const box = { left: 46, right: options.width - 10, top: TOP_PX, bottom: options.height - AXIS_PX };
  const x = linearScale([span.fromMs, span.toMs], [box.left, box.right]);
  const seconds = linearScale([span.fromMs / 1000, span.toMs / 1000], [box.left, box.right]);
  const rows = faults.slice(0, FAULT_ROWS_MAX).map((fault, index) => {
    const top = box.top + index * ROW_PX;
    const text = shortened(`${index + 1}  ${fault.title}: ${fault.state}`, Math.floor((box.right - box.left) / 6.6));
    const at = faultSpan(fault, endMs);
    const from = at === null ? box.left : x.at(at.fromMs);
    const labelX = Math.max(box.left, Math.min(from, box.right - textWidth(text)));
    const label = `<text class="label strong halo" x="${short(labelX)}" y="${short(top + 13)}">${escaped(text)}</text>`;
    if (at === null) return label;
    const to = Math.max(from + 2, x.at(at.toMs));
    const applied = fault.appliedMs === null ? to : Math.max(from, x.at(fault.appliedMs));
    const bar = (className: string, left: number, right: number): string =>
      right - left < 0.5
        ? ''
        : `<rect class="${className}" x="${short(left)}" y="${short(top + 18)}" width="${short(right - left)}" height="${BAR_PX}"/>`;
    const seen =
      fault.verifiedMs === null
        ? ''
        : `<path class="tickmark" d="M${short(x.at(fault.verifiedMs))} ${short(top + 15)}v${BAR_PX + 6}"/>`;
    return bar('asked', from, applied) + bar('applied', Math.min(applied, to - 2), to) + seen + label;
  });
  return frame(options, xAxis(seconds, box, 'seconds from the beginning of the load') + rows.join(''));
}
