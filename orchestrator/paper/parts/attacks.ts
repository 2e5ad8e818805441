/**
 * What the shipped attacks do to the paper's rules, by number of attackers: future work of the paper. One measurement an
 * attack, simulated with several seeds; in the full evaluation equivocators with real nodes as well.
 */
import { type Interval, medianInterval, shareInterval } from '../../history/interval.ts';
import { STUCK_REASONS } from '../../history/stuck-request.ts';
import { type AttackData, type AttackRun, type LiveAttackData, performAttack, simulateAttack } from '../attack-runs.ts';
import { ATTACKERS_MAX, ATTACKS, type Attack, NODES } from '../attack-scenarios.ts';
import type { Measurement, PaperOptions, PaperPart, RawRecords } from '../measurement.ts';
import type { Cell, PaperHeadline, PaperPlot, PaperTable, PlotSeries, RawReference } from '../paper-results.ts';
import { missing, text } from '../raw-cells.ts';
import { type Measured, measuredData } from '../raw-data.ts';

const SEEDS_FULL = 20;
const SEEDS_QUICK = 3;
const LIVE_ATTACK = 'equivocators';
const LIVE_COUNTS = [2, 3] as const;
/** Fewer decided than this share of what is decided without attackers, and it stalls. */
const HOLDS_SHARE_MIN = 0.99;
const COVERAGE_MIN = 0.95;

type Verdict = 'holds' | 'stalls' | 'breaks';

/** All runs of an attack with one number of attackers. */
interface Outcome {
  readonly attackers: number;
  readonly runs: number;
  readonly orders: number;
  readonly decided: number;
  readonly stuck: number;
  readonly waiting: number;
  readonly refused: number;
  readonly forkedRuns: number;
  /** Medians of the runs. */
  readonly latenciesMs: readonly number[];
  readonly latencyMs: number | null;
  readonly verdict: Verdict;
  /** The runs: what is shown is a sum or a median over them. */
  readonly raw: RawReference;
}

export const attacksPart: PaperPart = {
  id: 'attacks',
  measurements: ({ quick }) => {
    const seeds = quick ? SEEDS_QUICK : SEEDS_FULL;
    const simulated = ATTACKS.map(
      (attack): Measurement => ({
        id: simulatedId(attack.id),
        title: `attack: ${attack.title}, 0 to ${attack.counts.at(-1)} of ${NODES}`,
        seconds: Math.ceil(seeds / 4),
        measure: async (context) => ({ ...(await simulateAttack(attack, seeds, context)) }),
      }),
    );
    if (quick) return simulated;
    const attack = ATTACKS.find(({ id }) => id === LIVE_ATTACK)!;
    const live = LIVE_COUNTS.map(
      (attackers): Measurement => ({
        id: liveId(attackers),
        title: `attack with real nodes: ${attackers} ${attack.title} of ${NODES}`,
        seconds: 20,
        measure: async (context) => ({ ...(await performAttack(attack, attackers, context)) }),
      }),
    );
    return [...simulated, ...live];
  },
  present: (records, options) => {
    const found = ATTACKS.map((attack) => ({
      attack,
      measured: measuredData<AttackData>(records, simulatedId(attack.id)),
    }));
    const outcomes = new Map(
      found.flatMap(({ attack, measured }) =>
        measured.ok ? [[attack.id, outcomesOf(attack, measured)] as const] : [],
      ),
    );
    return {
      id: 'attacks',
      title: 'Attacks under the paper’s rules',
      finding: findingOf(outcomes),
      method: [
        `Each attack is a shipped scenario with 0 to ${ATTACKERS_MAX} attackers among ${NODES} nodes, under profile paper (quorum 5). Honest nodes place 24 orders, half of them before and half after the moment at which double requests are made.`,
        'Runs are simulated with the same nodes, checks and judge as live runs: delays of the paper’s WiFi (Table II), the pace of a Pi 3B+, one broker that delivers in one order. Each is repeated with other seeds; the commands that repeat a run stand in the raw data.',
        `holds: no fork, and at least ${HOLDS_SHARE_MIN * 100} % of what is decided without attackers is decided. stalls: no fork, and less is decided. breaks: in some run honest nodes decided differently on one State (invariants I1, I2).`,
        'Decided: of the orders of honest nodes, those that every correct node decided. Waiting: orders that never became a request, since the buyer’s wallet is locked by one that is stuck. Latency: from the moment the purchase was meant to be ordered to the commit on the last correct node; median of the medians of the runs.',
      ],
      headlines: headlinesOf(outcomes.get(LIVE_ATTACK) ?? []),
      tables: [
        outcomeTable(
          found.map(({ attack, measured }) => ({ attack, measured, outcomes: outcomes.get(attack.id) ?? [] })),
        ),
        stuckTable(records, outcomes),
        liveTable(records, options, outcomes.get(LIVE_ATTACK) ?? []),
      ],
      plots: outcomes.size === 0 ? [] : [plotOf(outcomes)],
      limits: [
        'Eight nodes, one load, one network: a share here is that of this load. Requests of one run are not independent of each other (a stuck one holds up what its buyer orders next), so intervals are narrower than they should be.',
        'One broker gives all nodes one order of messages. With a path of its own for each pair, rewards drift apart and requests get stuck without any attacker (scenario reward-order).',
        'Attackers follow a script; none of them adapts to what it sees. What holds here has not been proven to hold against every attacker.',
        `Beside ${LIVE_ATTACK}, the double spender is not counted as an attacker: it votes for nobody’s request but as the rules say.`,
      ],
    };
  },
};

function simulatedId(attack: string): string {
  return `attack-${attack}`;
}

function liveId(attackers: number): string {
  return `attack-live-${LIVE_ATTACK}-${attackers}`;
}

// --- figures ------------------------------------------------------------------------------------------------------------

function outcomesOf(attack: Attack, { data, raw }: Extract<Measured<AttackData>, { ok: true }>): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  for (const attackers of attack.counts) {
    const measured = data.byAttackers[String(attackers)];
    if (measured === undefined) continue;
    const share = outcomes[0] === undefined ? null : shareOf(outcomes[0]);
    outcomes.push(outcomeOf(attackers, measured.runs, share, raw(`byAttackers.${attackers}.runs`)));
  }
  return outcomes;
}

/** `shareBefore`: decided without attackers; null: this is it. */
function outcomeOf(
  attackers: number,
  runs: readonly AttackRun[],
  shareBefore: number | null,
  raw: Outcome['raw'],
): Outcome {
  const sum = (pick: (run: AttackRun) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  const latenciesMs = runs.flatMap(({ latencyMsP50 }) => (latencyMsP50 === null ? [] : [latencyMsP50]));
  const orders = sum((run) => run.orders);
  const decided = sum((run) => run.decided);
  const forkedRuns = runs.filter(({ forks, agreementViolated }) => forks > 0 || agreementViolated).length;
  const fewer = decided / orders < HOLDS_SHARE_MIN * (shareBefore ?? 1);
  return {
    attackers,
    runs: runs.length,
    orders,
    decided,
    stuck: sum(({ stuck }) => Object.values(stuck).reduce((total, count) => total + count, 0)),
    waiting: sum((run) => run.waiting),
    refused: sum((run) => run.refused),
    forkedRuns,
    latenciesMs,
    latencyMs: latenciesMs.length === 0 ? null : middle(latenciesMs),
    verdict: forkedRuns > 0 ? 'breaks' : fewer ? 'stalls' : 'holds',
    raw,
  };
}

function shareOf({ decided, orders }: Outcome): number {
  return decided / orders;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

// --- words --------------------------------------------------------------------------------------------------------------

function findingOf(outcomes: ReadonlyMap<string, readonly Outcome[]>): string {
  if (outcomes.size === 0) return 'Not measured.';
  const first = (verdict: Verdict): { title: string; outcome: Outcome }[] =>
    ATTACKS.flatMap(({ id, title }) => {
      const outcome = outcomes.get(id)?.find((candidate) => candidate.verdict === verdict);
      return outcome === undefined ? [] : [{ title, outcome }];
    });
  const shown = (found: ReturnType<typeof first>, what: (outcome: Outcome) => string): string =>
    found.map(({ title, outcome }) => `${title} from ${outcome.attackers} of ${NODES} (${what(outcome)})`).join(', ');
  const breaks = first('breaks');
  const stalls = first('stalls');
  const holding = ATTACKS.filter(({ id }) => outcomes.get(id)?.every(({ verdict }) => verdict === 'holds') === true);
  const parts = [
    breaks.length === 0
      ? 'No attack forked a wallet'
      : `Wallets fork under ${shown(breaks, ({ forkedRuns, runs }) => `${forkedRuns} of ${runs} runs`)}`,
    ...(stalls.length === 0
      ? []
      : [`fewer purchases are decided under ${shown(stalls, (outcome) => `${percent(shareOf(outcome))} %`)}`]),
    ...(holding.length === 0
      ? []
      : [`the rules hold at every number tried under ${holding.map(({ title }) => title).join(', ')}`]),
  ];
  return `${parts.join('; ')}.`;
}

function headlinesOf(equivocators: readonly Outcome[]): readonly PaperHeadline[] {
  const paper = missing('left as future work');
  const fewest = equivocators.find(({ verdict }) => verdict === 'breaks');
  if (fewest === undefined) return [];
  const name = `Equivocating voters that fork a wallet, of ${NODES}`;
  return [{ name, paper, here: figure(fewest.attackers, '', fewest.raw) }];
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}

// --- tables -------------------------------------------------------------------------------------------------------------

/** Few runs have no interval that covers as much as is said of one. */
function figure(value: number, unit: string, raw: RawReference, interval: Interval | null = null): Cell {
  const ends = interval === null || interval.coverage < COVERAGE_MIN ? {} : { low: interval.low, high: interval.high };
  return { kind: 'figure', source: 'model', value, unit, ...ends, raw };
}

const OUTCOME_COLUMNS = [
  { title: 'attack' },
  { title: 'attackers', align: 'right' },
  { title: 'verdict' },
  { title: 'decided', align: 'right' },
  { title: 'stuck', align: 'right' },
  { title: 'waiting', align: 'right' },
  { title: 'refused', align: 'right' },
  { title: 'runs with a fork', align: 'right' },
  { title: 'latency', align: 'right' },
  { title: 'against none', align: 'right' },
] as const;

function outcomeTable(
  found: readonly {
    readonly attack: Attack;
    readonly measured: Measured<AttackData>;
    readonly outcomes: readonly Outcome[];
  }[],
): PaperTable {
  return {
    id: 'attacks-outcome',
    caption: `What becomes of the orders of honest nodes, by attack and number of attackers among ${NODES}`,
    columns: OUTCOME_COLUMNS,
    rows: found.flatMap(({ attack, measured, outcomes }): (readonly Cell[])[] => {
      if (!measured.ok) {
        return [[text(attack.title), ...OUTCOME_COLUMNS.slice(1).map(() => missing(measured.reason))]];
      }
      const none = outcomes[0]?.latencyMs ?? null;
      return outcomes.map((outcome) => outcomeRow(attack.title, outcome, none));
    }),
  };
}

function outcomeRow(title: string, outcome: Outcome, latencyMsWithout: number | null): readonly Cell[] {
  const { attackers, orders, decided, runs, latencyMs, verdict } = outcome;
  const interval = shareInterval(decided, orders);
  const nothing = missing('nothing was decided');
  const ratio = latencyMs === null || latencyMsWithout === null ? null : latencyMs / latencyMsWithout;
  return [
    text(title),
    text(attackers),
    text(verdict),
    figure(
      percent(decided / orders),
      `% of ${orders}`,
      outcome.raw,
      interval === null ? null : { ...interval, low: percent(interval.low), high: percent(interval.high) },
    ),
    figure(outcome.stuck, '', outcome.raw),
    figure(outcome.waiting, '', outcome.raw),
    figure(outcome.refused, '', outcome.raw),
    figure(outcome.forkedRuns, `of ${runs}`, outcome.raw),
    latencyMs === null ? nothing : figure(latencyMs, 'ms', outcome.raw, medianInterval(outcome.latenciesMs)),
    ratio === null ? nothing : figure(ratio, 'x', outcome.raw),
  ];
}

/** Rows only where something was stuck. */
function stuckTable(records: RawRecords, outcomes: ReadonlyMap<string, readonly Outcome[]>): PaperTable {
  const rows = ATTACKS.flatMap(({ id, title }) => {
    const measured = measuredData<AttackData>(records, simulatedId(id));
    if (!measured.ok) return [];
    return (outcomes.get(id) ?? [])
      .filter(({ stuck }) => stuck > 0)
      .map(({ attackers, raw }): readonly Cell[] => {
        const { runs } = measured.data.byAttackers[String(attackers)]!;
        const count = (reason: (typeof STUCK_REASONS)[number]): number =>
          runs.reduce((sum, { stuck }) => sum + stuck[reason], 0);
        return [text(title), text(attackers), ...STUCK_REASONS.map((reason) => figure(count(reason), '', raw))];
      });
  });
  return {
    id: 'attacks-stuck',
    caption:
      'Stuck requests by class: another request on the same State (double), enough votes for different balances (split), balance too small (unfunded), nodes hold another State (stale), votes that never came (lost)',
    columns: [
      { title: 'attack' },
      { title: 'attackers', align: 'right' },
      ...STUCK_REASONS.map((reason) => ({ title: reason, align: 'right' as const })),
    ],
    rows,
  };
}

function liveTable(records: RawRecords, { quick }: PaperOptions, simulated: readonly Outcome[]): PaperTable {
  const rows = LIVE_COUNTS.map((attackers): readonly Cell[] => {
    const outcome = simulated.find((candidate) => candidate.attackers === attackers);
    const live = measuredData<LiveAttackData>(records, liveId(attackers));
    const reason =
      quick && !live.ok ? 'only the full evaluation runs attacks with real nodes' : live.ok ? '' : live.reason;
    const here = live.ok ? outcomeOf(attackers, live.data.runs, null, live.raw('runs')) : null;
    const unsimulated = missing('not simulated');
    const shown = (of: Outcome | null | undefined, absent: Cell, source: 'here' | 'model'): readonly Cell[] =>
      of === null || of === undefined
        ? [absent, absent, absent]
        : [
            text(of.verdict),
            { kind: 'figure', source, value: percent(shareOf(of)), unit: `% of ${of.orders}`, raw: of.raw },
            { kind: 'figure', source, value: of.forkedRuns, unit: `of ${of.runs}`, raw: of.raw },
          ];
    return [text(attackers), ...shown(outcome, unsimulated, 'model'), ...shown(here, missing(reason), 'here')];
  });
  return {
    id: 'attacks-live',
    caption: `${LIVE_ATTACK[0]!.toUpperCase()}${LIVE_ATTACK.slice(1)} simulated and with real nodes`,
    columns: [
      { title: 'attackers', align: 'right' },
      { title: 'simulated' },
      { title: 'decided', align: 'right' },
      { title: 'runs with a fork', align: 'right' },
      { title: 'real nodes' },
      { title: 'decided', align: 'right' },
      { title: 'runs with a fork', align: 'right' },
    ],
    rows,
  };
}

// --- plot ---------------------------------------------------------------------------------------------------------------

function plotOf(outcomes: ReadonlyMap<string, readonly Outcome[]>): PaperPlot {
  const drawn = ATTACKS.flatMap(({ id, title }) => {
    const points = (outcomes.get(id) ?? []).map((outcome) => ({
      x: outcome.attackers,
      y: percent(shareOf(outcome)),
    }));
    return points.length === 0 ? [] : [{ title, points }];
  });
  const line = (name: string, points: PlotSeries['points']): PlotSeries => ({
    name,
    source: 'model',
    mark: 'points-and-line',
    points,
  });
  // Those that change nothing lie on one line: they are drawn as one.
  const harmful = drawn.filter(({ points }) => points.some(({ y }) => y < 100));
  const harmless = drawn.filter((attack) => !harmful.includes(attack));
  const longest = harmless.reduce<PlotSeries['points']>(
    (most, { points }) => (points.length > most.length ? points : most),
    [],
  );
  const unharmed = harmless.length === 0 ? null : line(`the other ${harmless.length}`, longest);
  return {
    id: 'attacks-decided',
    caption: `Orders of honest nodes that are decided, by attackers among ${NODES}`,
    x: { label: 'attackers', scale: 'linear' },
    y: { label: 'decided, %', scale: 'linear' },
    series: [...harmful.map(({ title, points }) => line(title, points)), ...(unharmed === null ? [] : [unharmed])],
  };
}
