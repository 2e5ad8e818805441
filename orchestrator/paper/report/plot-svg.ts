/** A plot of the evaluation as a picture of its own, light or dark as its surroundings, for files and the README. Pure. */
import { escaped, shortened } from '../../report/markup.ts';
import { xyDescription, xyPlot, xyPlotPx } from '../../report/plot/xy-plot.ts';
import { XY_PICTURE_STYLE } from '../../report/plot/xy-style.ts';
import type { PaperPlot } from '../paper-results.ts';
import { safeId } from './shown-cell.ts';

export const PICTURE_PX = 760;
const DATA_PX = 320;
const MARGIN_PX = 16;
const HEADING_PX = 26;
const HEADING_LETTER_PX = 8;

export function plotSvg(plot: PaperPlot): string {
  const width = PICTURE_PX - 2 * MARGIN_PX;
  const height = xyPlotPx(width, plot, DATA_PX);
  const id = `plot-${safeId(plot.id)}`;
  const inner = xyPlot({ id, title: plot.caption, description: xyDescription(plot), width, height }, plot);
  const whole = height + 2 * MARGIN_PX + HEADING_PX;
  const heading = shortened(plot.caption, Math.floor(width / HEADING_LETTER_PX));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${PICTURE_PX}" height="${whole}" viewBox="0 0 ${PICTURE_PX} ${whole}" role="img" aria-labelledby="${id}-t ${id}-d">\n` +
    `<style>${XY_PICTURE_STYLE}</style>\n<rect class="ground" width="100%" height="100%" rx="6"/>` +
    `<text class="heading" x="${MARGIN_PX}" y="${MARGIN_PX + 12}">${escaped(heading)}</text>` +
    `<g transform="translate(${MARGIN_PX} ${MARGIN_PX + HEADING_PX})">${inner}</g>\n</svg>\n`
  );
}
