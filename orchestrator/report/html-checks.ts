/** The verdict, its reasons and the checks with their evidence, as HTML. */
import type { JudgedCheck } from '../checks/verdict.ts';
import { type CheckResult, evidenceFields, expectedText, observedText, resultOf } from './check-text.ts';
import { codeHtml, columnsOf, sectionHtml, tableHtml, textHtml } from './html-parts.ts';
import { escaped, shortened } from './markup.ts';
import { bytesText, countText, millisecondsText, plainNumber } from './quantity-text.ts';
import type { RunSummary } from './run-summary.ts';

const EVIDENCE_LINES_MAX = 40;
const REASONS_MAX = 30;
/** All diagrams of a page together, and all evidence: what is left of it goes to the checks that come first. */
const DIAGRAM_BYTES_MAX = 500_000;
const EVIDENCE_CHARACTERS_MAX = 400_000;

const VERDICTS = {
  pass: { mark: '\u2713', words: 'Passed', className: 'good' },
  failed: { mark: '\u2717', words: 'Failed', className: 'bad' },
  inconclusive: { mark: '?', words: 'Inconclusive', className: 'open' },
} as const;

const RESULTS: { readonly [R in CheckResult]: { readonly mark: string; readonly className: string } } = {
  'as expected': { mark: '\u2713', className: 'good' },
  'not as expected': { mark: '\u2717', className: 'bad' },
  unknown: { mark: '?', className: 'open' },
};

export function verdictHtml(summary: RunSummary): string {
  const { mark, words, className } = VERDICTS[summary.verdict];
  const { checks } = summary.judgement;
  const count = (result: CheckResult): number => checks.filter((check) => resultOf(check) === result).length;
  const tally = `${count('as expected')} of ${checks.length} checks as expected, ${count('not as expected')} not, ${count('unknown')} unknown; exit code ${summary.exitCode}`;
  const reasons = summary.reasons.slice(0, REASONS_MAX).map((reason) => `<li>${textHtml(reason)}</li>`);
  if (summary.reasons.length > REASONS_MAX) reasons.push(`<li>and ${summary.reasons.length - REASONS_MAX} more</li>`);
  return (
    `<div class="verdict ${className}"><strong>${mark} ${words}</strong><br><span class="soft">${tally}</span>` +
    `${reasons.length === 0 ? '' : `<ul>${reasons.join('')}</ul>`}</div>\n`
  );
}

export function tilesHtml({ judgement: { metrics }, orders, traffic }: RunSummary): string {
  const delivered = Object.values(traffic?.delivered ?? {}).reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
  const rate = metrics['decisions-per-second'];
  const tiles = [
    [countText(orders.placed), 'purchases ordered'],
    [countText(metrics.requests), 'requests sent'],
    [countText(metrics['decided-everywhere']), 'decided on every correct node'],
    [countText(metrics.stuck), 'stuck'],
    [millisecondsText(metrics['latency-requester-p50']), 'to the requester\u2019s decision, p50'],
    [millisecondsText(metrics['latency-requester-p95']), 'the same, p95'],
    [rate === null ? '\u2013' : `${plainNumber(rate)}\u00a0/s`, 'decisions'],
    [traffic === null ? '\u2013' : bytesText(delivered), 'payload delivered'],
  ];
  return `<ul class="tiles">${tiles.map(([value, name]) => `<li><b>${value}</b><span>${name}</span></li>`).join('')}</ul>\n`;
}

/** `diagrams`: SVG by id of the check. They go in as images, so nothing in them can reach the page. */
export function checksSection(summary: RunSummary, diagrams: ReadonlyMap<string, string>): string {
  const rank: readonly CheckResult[] = ['not as expected', 'unknown', 'as expected'];
  const { checks } = summary.judgement;
  const plain = checks.filter((judged) => resultOf(judged) === 'as expected' && judged.evidence.length === 0);
  const ordered = rank.flatMap((result) =>
    checks.filter((judged) => resultOf(judged) === result && !plain.includes(judged)),
  );
  let left = DIAGRAM_BYTES_MAX;
  let room = EVIDENCE_CHARACTERS_MAX;
  const articles = ordered.map((judged) => {
    const diagram = diagrams.get(judged.check.id);
    const fits = diagram !== undefined && diagram.length <= left;
    if (fits) left -= diagram.length;
    const rows = evidenceRows(judged, summary.loadT, room);
    room -= rows.reduce((sum, cells) => sum + cells.join('').length, 0);
    return checkHtml(judged, rows, diagram === undefined ? null : fits ? diagram : '');
  });
  if (plain.length > 0) articles.push(plainHtml(plain));
  return sectionHtml(
    'checks',
    'Checks',
    articles.length === 0 ? '<p>The scenario has no checks.</p>' : articles.join('\n'),
  );
}

/** What is as expected and has nothing to show: a line each. */
function plainHtml(checks: readonly JudgedCheck[]): string {
  const { mark } = RESULTS['as expected'];
  return tableHtml(
    `${mark} As expected`,
    columnsOf({ check: 'long', found: 'long', 'looked at': 'number' }),
    checks.map(({ check, detail, examined }) => [
      textHtml(check.title, 160),
      textHtml(detail, 300),
      countText(examined),
    ]),
  );
}

/** `diagram`: null for none, empty for one that is left out. */
function checkHtml(judged: JudgedCheck, rows: readonly EvidenceRow[], diagram: string | null): string {
  const { check, detail, evidence } = judged;
  const result = resultOf(judged);
  const { mark, className } = RESULTS[result];
  const parts = [
    `<h3><span class="state">${mark} ${result}</span> ${textHtml(check.title, 160)} ${codeHtml(check.id, 80)}</h3>`,
    `<p>${textHtml(detail, 1000)}</p>`,
    `<p class="soft">Expected ${escaped(expectedText(check))}.<br>Observed: ${escaped(observedText(judged))}.</p>`,
  ];
  if (diagram !== null) parts.push(diagramHtml(check.title, diagram));
  if (evidence.length > 0) {
    const open = result === 'as expected' ? '' : ' open';
    parts.push(
      `<details${open}><summary>Evidence: ${evidence.length} ${evidence.length === 1 ? 'line' : 'lines'}</summary>${evidenceHtml(judged, rows)}</details>`,
    );
  }
  return `<article class="check ${className}">${parts.join('\n')}</article>`;
}

function diagramHtml(title: string, diagram: string): string {
  if (diagram === '') return '<p class="soft">The message diagram is left out: the page would be too large.</p>';
  const source = `data:image/svg+xml;base64,${Buffer.from(diagram, 'utf8').toString('base64')}`;
  const name = `Messages that are the evidence of: ${title}`;
  return `<div class="scroll diagram" role="region" tabindex="0" aria-label="Message diagram"><img src="${source}" alt="${textHtml(name, 200)}; the table of evidence says the same"></div>`;
}

type EvidenceRow = readonly string[];

/** As many as fit into `room` characters. */
function evidenceRows({ evidence }: JudgedCheck, loadT: number, room: number): readonly EvidenceRow[] {
  const rows: EvidenceRow[] = [];
  let left = room;
  for (const line of evidence.slice(0, EVIDENCE_LINES_MAX)) {
    const { seat, observation, why } = line;
    const row = [
      (observation.t - loadT).toFixed(1),
      textHtml(seat, 40),
      textHtml(observation.event, 40),
      textHtml(why, 300),
      codeHtml(evidenceFields(line), 500),
    ];
    left -= row.join('').length;
    if (left < 0) break;
    rows.push(row);
  }
  return rows;
}

function evidenceHtml({ check, evidence }: JudgedCheck, rows: readonly EvidenceRow[]): string {
  const more = evidence.length - rows.length;
  const left = more > 0 ? `<p class="soft">${more} more lines are in result.json.</p>` : '';
  if (rows.length === 0) return left;
  const table = tableHtml(
    `What the verdict on ${shortened(check.id, 64)} rests on; ms from the beginning of the load`,
    columnsOf({ ms: 'number', seat: 'text', event: 'text', 'what it shows': 'long', fields: 'long' }),
    rows,
  );
  return table + left;
}
