/** What happened when: latencies, faults, decisions and votes on one axis of time, as HTML. */
import { distributionOf } from '../history/distribution.ts';
import { faultSpans, loadEndMs } from './fault-spans.ts';
import { columnsOf, figureHtml, seatsHtml, sectionHtml, tableHtml, textHtml } from './html-parts.ts';
import { ecdfPlot, type LatencySet } from './plot/ecdf.ts';
import { FAULT_ROWS_MAX, faultPlot, faultPlotPx } from './plot/fault-plot.ts';
import { countPlot, dotPlot, spanRowsPx } from './plot/time-plot.ts';
import { millisecondsText, NONE, secondsText } from './quantity-text.ts';
import type { RunSeries } from './run-series.ts';
import type { RunSummary } from './run-summary.ts';

export function latencySection(series: RunSeries): string {
  const sets: readonly LatencySet[] = [
    { name: 'decision at the requester', valuesMs: series.requesterMs, className: 'series-a' },
    { name: 'commit on every correct node', valuesMs: series.allMs, className: 'series-b' },
  ];
  const rows = sets.map(({ name, valuesMs }) => {
    const figures = distributionOf(valuesMs);
    const columns = figures === null ? [] : [figures.min, figures.p50, figures.p95, figures.p99, figures.max];
    return [
      name,
      ...(figures === null ? Array<string>(5).fill(NONE) : columns.map((value) => millisecondsText(value))),
      String(valuesMs.length),
    ];
  });
  const figure = figureHtml(
    {
      id: 'latency',
      title: 'Share of requests that took at most so long',
      description:
        'Milliseconds from when the request was meant to be ordered. Requests that were not decided are in neither line.',
    },
    (width) => (width > 600 ? 320 : 280),
    (options) => ecdfPlot(options, sets),
  );
  const number = 'number';
  const table = tableHtml(
    'Latency from when a request was meant to be ordered',
    columnsOf({ until: 'key', min: number, p50: number, p95: number, p99: number, max: number, requests: number }),
    rows,
  );
  return sectionHtml('latency', 'Latency', figure + table);
}

export function timeSection(summary: RunSummary, series: RunSeries): string {
  const { span } = series;
  const spans = faultSpans(summary.faults, loadEndMs(summary, span.toMs));
  const { bucketMs } = series.decisions;
  const bucket = bucketMs < 1000 ? `${bucketMs}\u00a0ms` : `${bucketMs / 1000}\u00a0s`;
  const withRows = (px: number) => (width: number) => px + spanRowsPx(width, span, spans);
  const legend =
    spans.length === 0
      ? '<p>No fault was at work.</p>'
      : `<p class="soft">Shaded spans are faults from asked to healed, with their numbers above: ${spans
          .slice(0, 12)
          .map(({ title }) => textHtml(title.replace(/: .*/, ''), 80))
          .join('; ')}${spans.length > 12 ? '; and more below' : ''}.</p>`;
  const counted = (id: 'decisions' | 'votes', title: string, what: string, className: string, none: string): string =>
    figureHtml({ id, title, description: `${what}, in each ${bucket}.` }, withRows(190), (options) =>
      countPlot(options, series[id], span, spans, { yLabel: `${id} per ${bucket}`, className, none }),
    );
  const decided = 'Requests decided at their requesters';
  const decisions = counted('decisions', 'Decisions', decided, 'bar series-a', 'No request was decided.');
  const votes = counted('votes', 'Votes', 'Votes sent by correct nodes', 'bar series-b', 'No vote was sent.');
  const latency = figureHtml(
    {
      id: 'latency-time',
      title: 'Latency of each request',
      description: `Until its decision at the requester, by when it was meant to be ordered.${series.latencyOverTime.length < series.requesterMs.length ? ' Where there are many, the fastest and the slowest.' : ''}`,
    },
    withRows(210),
    (options) =>
      dotPlot(options, series.latencyOverTime, span, spans, {
        yLabel: 'ms, logarithmic',
        none: 'No request was decided.',
      }),
  );
  return sectionHtml('time', 'Decisions and votes over time', legend + decisions + votes + latency);
}

export function faultsSection(summary: RunSummary, series: RunSeries): string {
  const { faults } = summary;
  if (faults.length === 0) return sectionHtml('faults', 'Faults', '<p>The scenario has no faults.</p>');
  const { span } = series;
  const endMs = loadEndMs(summary, span.toMs);
  const plot = figureHtml(
    {
      id: 'faults',
      title: 'Faults',
      description: `Dashed: asked for. Full: at work. Upright stroke: seen to work.${faults.length > FAULT_ROWS_MAX ? ` The first ${FAULT_ROWS_MAX} of ${faults.length}.` : ''}`,
    },
    () => faultPlotPx(faults),
    (options) => faultPlot(options, faults, span, endMs),
  );
  const rows = faults.map((fault, index) => [
    String(index + 1),
    textHtml(fault.title, 160),
    `${{ failed: '\u2717 ', skipped: '? ', unverified: '? ' }[fault.state as 'failed'] ?? '\u2713 '}${fault.state}`,
    secondsText(fault.askedMs),
    secondsText(fault.appliedMs),
    secondsText(fault.verifiedMs),
    secondsText(fault.healedMs),
    seatsHtml(fault.seats),
    textHtml(fault.detail, 300),
  ]);
  const table = tableHtml(
    'Faults; times from the beginning of the load',
    columnsOf({
      'no.': 'number',
      fault: 'long',
      state: 'word',
      asked: 'number',
      applied: 'number',
      'seen to work': 'number',
      healed: 'number',
      seats: 'text',
      detail: 'long',
    }),
    rows,
  );
  return sectionHtml('faults', 'Faults', plot + table);
}
