/**
 * Evidence as a picture: a lane for each seat, time downwards, an event a row, an arrow for each message from where it was
 * sent to where it was taken. Rows are evenly spaced, since what matters is the order; the time stands beside each. What
 * is said of an event stands in a column of its own, so nothing covers anything.
 *
 * A self-contained SVG for light and dark, with every name of its styles its own. Pure; all text is escaped.
 */
import { listOf, numberOf, type Observation, textOf } from '../history/observation.ts';
import { escapeMarkup } from '../report/picture.ts';
import type { RunRecord } from '../run/run-record.ts';
import { type DiagramLine, diagramLines, voteKey } from './evidence-lines.ts';
import { short } from './fold.ts';
import type { JudgedCheck } from './verdict.ts';

const LANE_PX = 56;
const ROW_PX = 24;
const LEFT_PX = 36;
const TOP_PX = 64;
const BOTTOM_PX = 20;
const COLUMN_PX = 7.3;
const TIME_COLUMNS = 14;
const TEXT_COLUMNS_MAX = 118;
const TITLE_COLUMNS_MAX = 120;
const ROWS_MAX = 80;

/** A diagram for each check that has evidence, by id of the check. Reads the history once. */
export function drawEvidence(record: RunRecord, checks: readonly JudgedCheck[]): ReadonlyMap<string, string> {
  const { seats } = record.plan;
  const nodeOf = new Map(seats.map(({ seat, node }) => [seat, node]));
  const diagrams = new Map<string, string>();
  if (checks.every(({ evidence }) => evidence.length === 0)) return diagrams;
  for (const [{ check }, lines] of diagramLines(record.history(), checks)) {
    const drawn = evidenceDiagram({ title: check.title, lines, seats: seats.map(({ seat }) => seat), nodeOf });
    if (drawn !== null) diagrams.set(check.id, drawn);
  }
  return diagrams;
}

export interface DiagramInput {
  readonly title: string;
  readonly lines: readonly DiagramLine[];
  /** Seats in the order of the plan; lanes are those of them that appear. */
  readonly seats: readonly string[];
  /** Member id of each seat. */
  readonly nodeOf: ReadonlyMap<string, string>;
}

interface Row {
  readonly line: DiagramLine;
  readonly y: number;
  readonly lane: number;
  readonly text: string;
}

/** Null where there is nothing to show. */
export function evidenceDiagram({ title, lines, seats, nodeOf }: DiagramInput): string | null {
  const shown = withinRows(lines);
  const [first] = shown;
  if (first === undefined) return null;
  const lanes = lanesOf(shown, seats, nodeOf);
  const laneX = (lane: number): number => LEFT_PX + lane * LANE_PX;
  const textX = laneX(lanes.length - 1) + LANE_PX * 0.75;
  const rows = shown.map((line, index): Row => {
    const { observation, why, proof } = line;
    const said = `${line.seat} ${described(observation)}`;
    const text = cut(proof && why !== '' && why !== said ? `${said}: ${why}` : said, TEXT_COLUMNS_MAX);
    return { line, y: TOP_PX + index * ROW_PX, lane: lanes.indexOf(line.seat), text };
  });
  const bottom = TOP_PX + (rows.length - 1) * ROW_PX;
  const arrows = rows.flatMap((row) => arrowMarkup(row, rows, lanes, nodeOf, laneX));
  const left = lines.length - shown.length;
  const notes = [
    ...(arrows.some((arrow) => arrow.includes('wl-unseen')) ? ['dashed: nobody wrote down that it was sent'] : []),
    ...(left === 0 ? [] : [`${left} more lines are not shown`]),
  ];
  const note = notes.length === 0 ? null : notes.join('; ');
  const height = bottom + BOTTOM_PX + (note === null ? 8 : 28);
  const columns = Math.max(...rows.map(({ text }) => text.length)) + TIME_COLUMNS;
  const heading = cut(title, TITLE_COLUMNS_MAX);
  const width = Math.ceil(Math.max(textX + columns * COLUMN_PX, LEFT_PX + heading.length * COLUMN_PX) + 16);
  const begunT = first.observation.t;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="wl-evidence" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(title)}">`,
    STYLE,
    `<rect class="wl-ground" width="100%" height="100%" rx="6"/>`,
    `<text class="wl-title" x="${LEFT_PX - 20}" y="22">${escapeMarkup(heading)}</text>`,
    ...lanes.map((seat, lane) => laneMarkup(seat, laneX(lane), bottom)),
    ...rows.map(({ y }, index) =>
      index % 2 === 0
        ? ''
        : `<rect class="wl-band" x="${textX - 6}" y="${y - ROW_PX / 2}" width="${width - textX - 4}" height="${ROW_PX}"/>`,
    ),
    ...arrows,
    ...rows.map((row) => markOf(row, laneX(row.lane))),
    ...rows.map(({ line, y, text }) => {
      const time = `+${(line.observation.t - begunT).toFixed(3)} ms`.padStart(TIME_COLUMNS - 2);
      const kind = line.proof ? 'wl-text' : 'wl-text wl-around';
      return `<text class="${kind}" x="${textX}" y="${y + 4}" xml:space="preserve">${escapeMarkup(`${time}  ${text}`)}</text>`;
    }),
    ...(note === null ? [] : [`<text class="wl-text wl-around" x="${LEFT_PX - 20}" y="${height - 12}">${note}</text>`]),
    '</svg>',
    '',
  ]
    .filter((part, index, all) => part !== '' || index === all.length - 1)
    .join('\n');
}

/** What is coloured how, light and dark. Plain rules and no variables: not every viewer of pictures knows those. */
const COLOURS: readonly (readonly [selector: string, property: 'fill' | 'stroke', light: string, dark: string])[] = [
  ['.wl-ground', 'fill', '#ffffff', '#14181f'],
  ['.wl-band', 'fill', '#f3f5f8', '#1b212a'],
  ['.wl-title,.wl-text', 'fill', '#1b222c', '#e2e8f0'],
  ['.wl-seat,.wl-around', 'fill', '#5d6876', '#94a1b2'],
  ['.wl-lane', 'stroke', '#c9d1da', '#3a4452'],
  ['.wl-arrow', 'stroke', '#6d97cc', '#557fb2'],
  ['.wl-head,.wl-m-message', 'fill', '#2463b4', '#79b3f5'],
  ['.wl-mark', 'stroke', '#ffffff', '#14181f'],
  ['.wl-m-decide', 'fill', '#1f7a3d', '#6fd58c'],
  ['.wl-m-vote', 'fill', '#8a4bb8', '#cf9bf0'],
  ['.wl-m-deviate', 'fill', '#c0362c', '#ff8a80'],
  ['.wl-m-other', 'fill', '#5d6876', '#94a1b2'],
];

const STYLE = [
  '<style>',
  '.wl-evidence{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px}',
  '.wl-title,.wl-seat{font-weight:600}.wl-seat{text-anchor:middle}.wl-lane{stroke-width:1}.wl-mark{stroke-width:1.5}',
  '.wl-arrow{stroke-width:1.2;fill:none}.wl-unseen{stroke-dasharray:4 3}',
  ...COLOURS.map(([selector, property, light]) => `${selector}{${property}:${light}}`),
  '@media (prefers-color-scheme:dark){',
  ...COLOURS.map(([selector, property, , dark]) => `${selector}{${property}:${dark}}`),
  '}',
  '</style>',
].join('\n');

/** All of the proof before what is around it, where there is too much. */
function withinRows(lines: readonly DiagramLine[]): readonly DiagramLine[] {
  if (lines.length <= ROWS_MAX) return lines;
  const chosen = new Set([...lines].sort((a, b) => Number(b.proof) - Number(a.proof)).slice(0, ROWS_MAX));
  return lines.filter((line) => chosen.has(line));
}

/** Seats whose lines are shown, and those that sent what is shown. */
function lanesOf(
  lines: readonly DiagramLine[],
  seats: readonly string[],
  nodeOf: ReadonlyMap<string, string>,
): readonly string[] {
  const present = new Set(lines.map(({ seat }) => seat));
  for (const { observation } of lines) {
    const sender = senderOf(observation);
    const seat = sender === null ? undefined : seats.find((candidate) => nodeOf.get(candidate) === sender);
    if (seat !== undefined) present.add(seat);
  }
  const known = seats.filter((seat) => present.has(seat));
  return [...known, ...[...present].filter((seat) => !seats.includes(seat))];
}

function laneMarkup(seat: string, x: number, bottom: number): string {
  const name = seat.length > 6 ? `${seat.slice(0, 5)}\u2026` : seat;
  return (
    `<text class="wl-seat" x="${x}" y="${TOP_PX - 20}">${escapeMarkup(name)}<title>seat ${escapeMarkup(seat)}</title></text>` +
    `<line class="wl-lane" x1="${x}" y1="${TOP_PX - 12}" x2="${x}" y2="${bottom + 12}"/>`
  );
}

function arrowMarkup(
  row: Row,
  rows: readonly Row[],
  lanes: readonly string[],
  nodeOf: ReadonlyMap<string, string>,
  laneX: (lane: number) => number,
): string[] {
  const { observation } = row.line;
  const sender = senderOf(observation);
  if (sender === null) return [];
  const sent = rows.find((other) => other.y < row.y && isSending(other.line.observation, observation, sender));
  const lane = sent?.lane ?? lanes.findIndex((seat) => (nodeOf.get(seat) ?? seat) === sender);
  if (lane < 0 || lane === row.lane) return [];
  const [x1, y1] = [laneX(lane), sent?.y ?? row.y];
  const [x2, y2] = [laneX(row.lane), row.y];
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  // The head ends at the mark's edge; it is drawn here, since a marker's id would have to be unique in a page.
  const [tipX, tipY] = [x2 - 6 * dx, y2 - 6 * dy];
  const [baseX, baseY] = [tipX - 7 * dx, tipY - 7 * dy];
  const point = (x: number, y: number): string => `${x.toFixed(1)},${y.toFixed(1)}`;
  const head = [point(tipX, tipY), point(baseX - 3 * dy, baseY + 3 * dx), point(baseX + 3 * dy, baseY - 3 * dx)];
  return [
    `<path class="wl-arrow${sent === undefined ? ' wl-unseen' : ''}" d="M${point(x1, y1)} L${point(baseX, baseY)}"/>`,
    `<polygon class="wl-head" points="${head.join(' ')}"/>`,
  ];
}

function isSending(sent: Observation, taken: Observation, sender: string): boolean {
  if (sent.node !== sender || sent.reqId !== taken.reqId) return false;
  if (taken.event === 'vote.rx') return sent.event === 'vote.tx' && voteKey(sender, sent) === voteKey(sender, taken);
  return sent.event === 'req.tx';
}

/** Member id of whoever sent what the line says was taken; null for other lines. */
function senderOf(observation: Observation): string | null {
  switch (observation.event) {
    case 'vote.rx':
      return textOf(observation, 'voter');
    case 'req.rx':
      return textOf(observation, 'R');
    case 'sensor.rx':
      return textOf(observation, 'pub');
    default:
      return null;
  }
}

function markOf({ line, y }: Row, x: number): string {
  const { event } = line.observation;
  switch (event) {
    case 'decide':
      return `<rect class="wl-mark wl-m-decide" x="${x - 6}" y="${y - 6}" width="12" height="12"/>`;
    case 'vote.cast':
    case 'vote.tx':
      return `<circle class="wl-mark wl-m-vote" cx="${x}" cy="${y}" r="5.5"/>`;
    case 'byzantine':
      return `<path class="wl-mark wl-m-deviate" d="M${x} ${y - 8} l8 14 h-16 z"/>`;
    case 'req.tx':
    case 'req.rx':
    case 'vote.rx':
    case 'sensor.rx':
      return `<circle class="wl-mark wl-m-message" cx="${x}" cy="${y}" r="${event === 'req.tx' ? 5.5 : 4}"/>`;
    default:
      return `<circle class="wl-mark wl-m-other" cx="${x}" cy="${y}" r="4.5"/>`;
  }
}

function described(observation: Observation): string {
  const request = short(observation.reqId);
  const left = `${numberOf(observation, 'remU')} u left`;
  switch (observation.event) {
    case 'req.tx':
      return `asks for ${textOf(observation, 'service')} (${request})`;
    case 'req.rx':
      return `hears request ${request} of ${textOf(observation, 'R')}${refusal(observation)}`;
    case 'vote.cast':
      return `decides to vote for ${request}, ${left}`;
    case 'vote.tx':
      return `sends its vote for ${request}, ${left}`;
    case 'vote.rx':
      return `hears the vote of ${textOf(observation, 'voter')} for ${request}, ${left}${refusal(observation)}`;
    case 'decide':
      return `DECIDES ${request}, ${left}, State ${short(observation.newState)}, votes of ${listOf(observation, 'voters').join(' ')}`;
    case 'credit':
      return `credits ${numberOf(observation, 'deltaU')} u to ${textOf(observation, 'wallet')}`;
    case 'wallet':
      return `holds ${numberOf(observation, 'cU')} u for ${textOf(observation, 'id')}, State ${short(observation.state)}`;
    case 'sensor.rx':
      return `hears sensor data of ${textOf(observation, 'pub')}${refusal(observation)}`;
    case 'svc.start':
      return `starts ${textOf(observation, 'service')} for ${request}`;
    case 'svc.end':
      return `${textOf(observation, 'service')}: ${textOf(observation, 'phase')}`;
    case 'byzantine':
      return `DEVIATES (${textOf(observation, 'behaviour')}): ${textOf(observation, 'act')} ${textOf(observation, 'detail')}`.trim();
    default:
      return observation.event;
  }
}

function refusal(observation: Observation): string {
  const reason = textOf(observation, 'reason');
  return reason === '' ? '' : ` (${reason})`;
}

function cut(text: string, columns: number): string {
  return text.length > columns ? `${text.slice(0, columns - 1)}\u2026` : text;
}
