/**
 * report.html: a run on one page that needs nothing else, neither network nor script. Made of the run's summary and one
 * pass over its history. Everything that came from the run is escaped, and the page forbids itself scripts and outside
 * content, so that a hostile id could not do anything if it got through.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { checksSection, tilesHtml, verdictHtml } from './html-checks.ts';
import {
  environmentSection,
  nodesSection,
  phasesSection,
  replayHtml,
  stuckSection,
  trafficSection,
} from './html-nodes.ts';
import { textHtml } from './html-parts.ts';
import { REPORT_STYLE } from './html-style.ts';
import { faultsSection, latencySection, timeSection } from './html-time.ts';
import { walletsSection } from './html-wallets.ts';
import { countText, secondsText } from './quantity-text.ts';
import type { RunSeries } from './run-series.ts';
import type { RunSummary } from './run-summary.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export interface ReportContent {
  readonly summary: RunSummary;
  readonly series: RunSeries;
  /** Final reports, by seat. */
  readonly finals: ReadonlyMap<string, NodeReport>;
  /** Units of a DCoin. */
  readonly dcoinRate: number;
  /** manifest.json. */
  readonly environment: unknown;
  /** SVG by id of the check. */
  readonly diagrams: ReadonlyMap<string, string>;
}

const CONTENTS: readonly (readonly [id: string, title: string])[] = [
  ['checks', 'Checks'],
  ['latency', 'Latency'],
  ['time', 'Over time'],
  ['faults', 'Faults'],
  ['wallets', 'Wallets'],
  ['stuck', 'Stuck requests'],
  ['traffic', 'Messages'],
  ['nodes', 'Nodes'],
  ['phases', 'Phases'],
  ['environment', 'Environment'],
];

/** The whole page. What it takes of each part is bounded, so that it stays below 2 MB however long the run was. */
export function htmlReport({ summary, series, finals, dcoinRate, environment, diagrams }: ReportContent): string {
  const { scenario, description, profile, seed, runtime, startedAt, tookMs, seats, verdict } = summary;
  const facts = `${seats.length} nodes, profile ${profile}, runtime ${runtime}, seed ${seed}; ${startedAt}, took ${secondsText(tookMs)}; ${countText(series.lines)} lines of history`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
    `<title>${textHtml(scenario, 80)}: ${verdict}</title><style>${REPORT_STYLE}</style></head><body>`,
    `<header><h1>${textHtml(scenario, 80)}</h1>`,
    description === '' ? '' : `<p>${textHtml(description, 2000)}</p>`,
    `<p class="soft">${textHtml(facts, 600)}</p>`,
    verdictHtml(summary),
    replayHtml(summary),
    tilesHtml(summary),
    `<nav aria-label="Contents"><ul>${CONTENTS.map(([id, title]) => `<li><a href="#${id}">${title}</a></li>`).join('')}</ul></nav></header>`,
    '<main>',
    checksSection(summary, diagrams),
    latencySection(series),
    timeSection(summary, series),
    faultsSection(summary, series),
    walletsSection(summary, series, finals, dcoinRate),
    stuckSection(summary),
    trafficSection(summary),
    nodesSection(summary),
    phasesSection(summary),
    environmentSection(summary, environment),
    '</main>',
    `<footer>Wallance Lab. Made from ${textHtml(summary.path, 300)}.</footer>`,
    '</body></html>\n',
  ].join('\n');
}
