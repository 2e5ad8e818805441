/** Wallets over time and at the end, as the correct nodes hold them, as HTML. */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { walletDifferences } from '../history/wallet-agreement.ts';
import { faultSpans, loadEndMs } from './fault-spans.ts';
import { codeHtml, columnsOf, figureHtml, seatsHtml, sectionHtml, tableHtml, textHtml } from './html-parts.ts';
import { smallViewPlot, spanRowsPx, viewPlot } from './plot/time-plot.ts';
import { NONE, plainNumber } from './quantity-text.ts';
import type { RunSeries } from './run-series.ts';
import type { RunSummary } from './run-summary.ts';
import type { ViewSample, WalletSeries } from './wallet-views.ts';

const WALLETS_MAX = 48;
const DIFFERENCES_MAX = 60;
/** Above this ratio of the largest wallet to the median one, plots have axes of their own. */
const SAME_AXIS_RATIO_MAX = 6;

/** `finals`: by seat. `dcoinRate`: units of a DCoin. */
export function walletsSection(
  summary: RunSummary,
  series: RunSeries,
  finals: ReadonlyMap<string, NodeReport>,
  dcoinRate: number,
): string {
  const { span } = series;
  const spans = faultSpans(summary.faults, loadEndMs(summary, span.toMs));
  const supply = figureHtml(
    {
      id: 'supply',
      title: 'Supply',
      description:
        'DCoin in all wallets. Line: the median correct node; shade: from the poorest to the richest view of a correct node that is up.',
    },
    (width) => 210 + spanRowsPx(width, span, spans),
    (options) =>
      viewPlot(options, series.supply, span, spans, {
        yLabel: `DCoin (${dcoinRate} units each)`,
        none: 'No wallet was seen.',
        per: dcoinRate,
      }),
  );
  return sectionHtml(
    'wallets',
    'Wallets and supply',
    supply + smallPlots(series, dcoinRate) + differencesHtml(summary, finals, dcoinRate),
  );
}

function smallPlots({ wallets, span }: RunSeries, rate: number): string {
  if (wallets.length === 0) return '';
  // Where there are too many, those that nodes see differently are what one wants to see.
  const shown = [...wallets]
    .sort((a, b) => spreadOf(b.samples) - spreadOf(a.samples))
    .slice(0, WALLETS_MAX)
    .sort((a, b) => wallets.indexOf(a) - wallets.indexOf(b));
  const maxima = shown.map(({ samples }) => Math.max(1, ...samples.map(({ max }) => max))).sort((a, b) => a - b);
  const most = maxima.at(-1)!;
  const same = most <= SAME_AXIS_RATIO_MAX * maxima[Math.floor(maxima.length / 2)]!;
  const items = shown.map(({ wallet, samples }, index) => {
    const own = Math.max(1, ...samples.map(({ max }) => max));
    const last = samples.at(-1);
    const words =
      last === undefined
        ? ''
        : ` ${plainNumber(last.median / rate)}\u00a0DCoin${last.max > last.min ? `, from ${plainNumber(last.min / rate)} to ${plainNumber(last.max / rate)} at the end` : ''}`;
    const plot = smallViewPlot(
      {
        id: `wallet-${index}`,
        title: `Wallet ${wallet}`,
        description: `Balance over time:${words}.`,
        width: 205,
        height: 84,
      },
      samples,
      span,
      rate,
      (same ? most : own) / rate,
    );
    return `<li><p><strong>${textHtml(wallet, 40)}</strong>${words}</p>${plot}</li>`;
  });
  const left = wallets.length - shown.length;
  return (
    `<h3>Each wallet</h3><p class="soft">DCoin over the same time. Line: the median correct node; shade: where correct nodes differ. ` +
    `${same ? 'All have one axis.' : 'Each has its own axis.'}${left > 0 ? ` The ${shown.length} that nodes see most differently; ${left} more are left out.` : ''}</p>` +
    `<ul class="small">${items.join('\n')}</ul>\n`
  );
}

/** How far apart the views of a wallet ever were, units. */
function spreadOf(samples: WalletSeries['samples']): number {
  return samples.reduce((most: number, { min, max }: ViewSample) => Math.max(most, max - min), 0);
}

function differencesHtml(summary: RunSummary, finals: ReadonlyMap<string, NodeReport>, rate: number): string {
  const correct = summary.judgement.correct.filter((seat) => finals.has(seat));
  const title = '<h3>At the end</h3>';
  if (correct.length === 0) return `${title}<p>No correct node gave a final report.</p>`;
  const differences = walletDifferences(new Map(correct.map((seat) => [seat, finals.get(seat)!.wallets])));
  if (differences.length === 0)
    return `${title}<p>All ${correct.length} correct nodes hold the same wallets, States included.</p>`;
  const rows = differences
    .slice(0, DIFFERENCES_MAX)
    .flatMap(({ wallet, views }) =>
      views.map(({ units, stateHash, nodes }) => [
        textHtml(wallet, 40),
        units === null ? 'no such wallet' : plainNumber(units / rate),
        stateHash === null ? NONE : codeHtml(stateHash.slice(0, 12)),
        String(nodes.length),
        seatsHtml(nodes),
      ]),
    );
  const left = differences.length - DIFFERENCES_MAX;
  return (
    title +
    tableHtml(
      `Wallets that correct nodes hold differently: ${differences.length}`,
      columnsOf({ wallet: 'key', DCoin: 'number', State: 'word', nodes: 'number', seats: 'long' }),
      rows,
    ) +
    (left > 0 ? `<p class="soft">${left} more wallets are left out.</p>` : '')
  );
}
