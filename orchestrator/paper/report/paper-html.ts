/**
 * paper.html: the evaluation on one page that needs nothing else, neither network nor script; only the raw files that its
 * figures link to lie beside it. The summary first, then each section with its finding, tables, plots, method and limits.
 * Everything that comes from the results is escaped, and the page forbids itself scripts and outside content.
 */
import { NARROW_PX, sectionHtml, tableHtml, textHtml, WIDE_PX } from '../../report/html-parts.ts';
import { xyDescription, xyPlot, xyPlotPx } from '../../report/plot/xy-plot.ts';
import { significantNumber } from '../../report/quantity-text.ts';
import type { PaperPlot, PaperResults, PaperSection } from '../paper-results.ts';
import { keyHtml, paperTableHtml } from './cell-html.ts';
import { PAPER_STYLE } from './paper-style.ts';
import { plotFile, safeId } from './shown-cell.ts';
import { extentText, factTexts, headlineTable, PAPER_TITLE } from './summary-text.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const TEXT_MAX = 2000;
/** Of the values under a plot; all are in paper.json. */
const VALUES_MAX = 200;

export function paperHtml(results: PaperResults): string {
  const { sections } = results;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
    `<title>${PAPER_TITLE}</title><style>${PAPER_STYLE}</style></head><body>`,
    `<header><h1>${PAPER_TITLE}</h1>`,
    noticeHtml(results),
    findingsHtml(sections),
    notMeasuredHtml(results),
    headlinesHtml(results),
    keyHtml(),
    `<h2>Measured on</h2><dl class="facts">${factTexts(results)
      .map(([name, value]) => `<dt>${name}</dt><dd>${textHtml(value)}</dd>`)
      .join('')}</dl></header>`,
    '<main>',
    ...sections.map(paperSectionHtml),
    '</main>',
    '<footer>Wallance Lab. All figures are in <a href="paper.json">paper.json</a>, raw data in raw/.</footer>',
    '</body></html>\n',
  ].join('\n');
}

function noticeHtml(results: PaperResults): string {
  const { at, machine, options } = results;
  const where = `${at.slice(0, 10)}, ${machine.cores} \u00d7 ${machine.cpu}, nodes as ${options.runtime}.`;
  const extent = extentText(results);
  return `<p class="soft">${textHtml(where)}${options.quick ? '' : ` ${extent}`}</p>${options.quick ? `<p class="notice">${extent}</p>` : ''}`;
}

function findingsHtml(sections: readonly PaperSection[]): string {
  if (sections.length === 0) return '<p>Nothing has been measured yet.</p>';
  const items = sections.map(
    ({ id, title, finding }) =>
      `<li><a href="#section-${safeId(id)}">${textHtml(title, 200)}</a>: ${textHtml(finding, TEXT_MAX)}</li>`,
  );
  return `<h2>Findings</h2><ul class="findings">${items.join('\n')}</ul>`;
}

function notMeasuredHtml({ notMeasured }: PaperResults): string {
  if (notMeasured.length === 0) return '';
  const items = notMeasured.map(
    ({ title, reason }) => `<li>${textHtml(title, 200)}: ${textHtml(reason, TEXT_MAX)}</li>`,
  );
  return `<h2>Not measured</h2><ul class="findings">${items.join('\n')}</ul>`;
}

function headlinesHtml(results: PaperResults): string {
  const table = headlineTable(results);
  return table === null ? '' : `<h2>Paper and here</h2>${paperTableHtml({ ...table, id: 'summary-headlines' })}`;
}

function paperSectionHtml(section: PaperSection): string {
  const { id, title, finding, method, tables, plots, limits } = section;
  const paragraphs = method.map((text) => `<p>${textHtml(text, TEXT_MAX)}</p>`).join('\n');
  const items = limits.map((text) => `<li>${textHtml(text, TEXT_MAX)}</li>`).join('\n');
  return sectionHtml(
    `section-${safeId(id)}`,
    title,
    `<p class="finding">${textHtml(finding, TEXT_MAX)}</p>\n${tables.map(paperTableHtml).join('')}${plots.map(plotHtml).join('')}` +
      (method.length === 0 ? '' : `<h3>How it was measured</h3>${paragraphs}`) +
      (limits.length === 0 ? '' : `<h3>What it can and cannot say</h3><ul>${items}</ul>`),
  );
}

/** Drawn twice, for wide pages and for narrow ones, so that its labels stay readable on both. */
function plotHtml(plot: PaperPlot): string {
  const id = `plot-${safeId(plot.id)}`;
  const [wide, narrow] = [WIDE_PX, NARROW_PX].map((width) => {
    const height = xyPlotPx(width, plot, width === WIDE_PX ? 330 : 250);
    return xyPlot({ id: `${id}-${width}`, title: plot.caption, description: xyDescription(plot), width, height }, plot);
  });
  return (
    `<figure id="${id}"><figcaption><strong>${textHtml(plot.caption, TEXT_MAX)}</strong> <a href="${plotFile(plot.id)}">SVG</a></figcaption>` +
    `<div class="wide-plot">${wide}</div><div class="narrow">${narrow}</div></figure>\n${valuesHtml(plot)}`
  );
}

/** The figures of the plot, for those who cannot see it or want to read them off. */
function valuesHtml({ x, y, series }: PaperPlot): string {
  const points = series.flatMap(({ name, upperBounds, points: own }) =>
    own.map(({ x: at, y: value, low, high }) => [
      textHtml(name, 120),
      significantNumber(at),
      `${upperBounds === true ? '&#60;\u00a0' : ''}${significantNumber(value)}`,
      low === undefined && high === undefined
        ? ''
        : `${significantNumber(low ?? value)} to ${significantNumber(high ?? value)}`,
    ]),
  );
  if (points.length === 0) return '';
  const table = tableHtml(
    points.length > VALUES_MAX
      ? `Values of the plot, the first ${VALUES_MAX} of ${points.length}`
      : 'Values of the plot',
    [
      { title: 'series', kind: 'key' },
      { title: x.label, kind: 'number' },
      { title: y.label, kind: 'number' },
      { title: 'from, to', kind: 'number' },
    ],
    points.slice(0, VALUES_MAX),
  );
  return `<details class="values"><summary>Values of the plot</summary>${table}</details>\n`;
}
