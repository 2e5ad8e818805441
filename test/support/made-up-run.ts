/**
 * The record of a scenario's run and what its judges said, made up for the reports' tests: purchases one after another
 * over `nodes` seats, as the nodes write them down, with faults, stuck requests and a wallet that splits. Everything
 * follows from the arguments.
 */

import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { type INVARIANT_IDS, INVARIANTS } from '../../orchestrator/checks/invariant-id.ts';
import { METRIC_NAMES, type MetricName, type MetricValues } from '../../orchestrator/checks/metric.ts';
import type { EvidenceLine, JudgedCheck, Judgement } from '../../orchestrator/checks/verdict.ts';
import { newTrafficCounters } from '../../orchestrator/fabric/traffic.ts';
import type { Observation } from '../../orchestrator/history/observation.ts';
import { planLab } from '../../orchestrator/lab/lab-plan.ts';
import type { RunFacts } from '../../orchestrator/report/run-summary.ts';
import type { FaultState, OrderState, Phase, RunEvent, RunRecord } from '../../orchestrator/run/run-record.ts';
import type { FaultKind, PlannedCheck, ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';

export interface MadeUpRun {
  readonly record: RunRecord;
  readonly judgement: Judgement;
  readonly facts: RunFacts;
  readonly diagrams: ReadonlyMap<string, string>;
}

export interface MadeUpOptions {
  readonly nodes: number;
  readonly purchases: number;
  /** Stands in place of ids, services, titles and details. */
  readonly hostile?: string;
  readonly faults?: boolean;
  readonly verdict?: Judgement['verdict'];
}

/** When the load began, on the clock `t`. */
export const LOAD_T = 5_000_000;
const WALL = 1_795_372_712_000;
const GENESIS = '0'.repeat(64);
const EVERY_MS = 250;

export function madeUpRun(options: MadeUpOptions): MadeUpRun {
  const { purchases, verdict = 'failed' } = options;
  const plan = madeUpPlan(options);
  const loadMs = purchases * EVERY_MS + 1000;
  const events = madeUpEvents(plan, options, loadMs);
  const record: RunRecord = {
    plan,
    events,
    history: () => madeUpHistory(plan, options),
    finals: new Map(plan.seats.map(({ seat, node }, index) => [seat, finalReport(node, plan, index)])),
    fabric: {
      ...newTrafficCounters(),
      received: { ...newTrafficCounters().received, sensor: { messages: 184, payloadBytes: 14_720 } },
      delivered: {
        ...newTrafficCounters().delivered,
        sensor: { messages: 1472, payloadBytes: 117_760 },
        consensus: { messages: 512, payloadBytes: 71_424 },
      },
      dropped: { ...newTrafficCounters().dropped, 'link-rule': 31 },
      redelivered: 3,
      connected: plan.seats.map(({ seat }) => seat),
      sessions: [],
      cpuMs: 812,
      rssBytes: 71_000_000,
      delayed: 0,
    },
    gaps: options.hostile === undefined ? [] : [options.hostile],
  };
  return {
    record,
    judgement: madeUpJudgement(plan, options, verdict),
    facts: {
      runtime: 'processes',
      startedAt: new Date(WALL).toISOString(),
      tookMs: loadMs + 4000,
      exitCode: null,
      reasons: [],
      replay: ['npx', 'wallance', 'run', plan.name, '--seed', plan.seed],
      path: `runs/${plan.name}/20261122T183831Z-7-681839921a`,
    },
    diagrams: new Map([
      [
        'agreement',
        `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="120"><rect width="900" height="120" fill="#eee"/><text x="20" y="60">two votes on one State</text></svg>`,
      ],
    ]),
  };
}

function madeUpPlan({ nodes, hostile, purchases, faults = true }: MadeUpOptions): ScenarioPlan {
  const made = planLab({
    lab: 'made-up',
    nodes,
    profile: 'paper',
    parameters: {},
    services: null,
    sensors: null,
    durability: 'process',
    qos: 1,
    seed: '7',
  });
  if (!made.ok) throw new Error(JSON.stringify(made.problems));
  return {
    schema: 1,
    name: 'made-up-8',
    description: hostile ?? 'Eight gateways buy in turn; two of them lie, the network parts and heals.',
    seed: '7',
    timeoutMs: 60_000,
    requires: ['link-rules'],
    lab: made.plan,
    seats: made.plan.seats.map(({ seat, node }, index) => ({
      seat,
      node,
      group: hostile ?? (index < nodes - 2 ? 'gateways' : 'liars'),
      role: index < nodes - 2 ? 'honest' : 'byzantine',
      board: null,
      architecture: null,
      startsAtMs: null,
      sensors: [],
      conditions: NORMAL_CONDITIONS,
    })),
    links: [],
    workload: { fundUnits: {}, purchases: [], closed: [] },
    timeline: faults
      ? FAULTS.map(({ id, title, fromMs, toMs }) => ({
          id,
          title,
          trigger: { atMs: fromMs },
          durationMs: toMs === null ? null : toMs - fromMs,
          fault: { kind: 'crash', seats: ['4'], database: 'kept' },
        }))
      : [],
    loadMs: purchases * EVERY_MS + 1000,
    endsEarly: false,
    settleMsMax: 5000,
    checks: [],
  };
}

const FAULTS: readonly {
  readonly id: string;
  readonly kind: FaultKind;
  readonly title: string;
  readonly seats: readonly string[];
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly seen: FaultState;
}[] = [
  {
    id: 'part',
    kind: 'link',
    title: 'partition 1,2,3,4,5 | 6,7,8',
    seats: ['1', '2', '3', '4', '5', '6', '7', '8'],
    fromMs: 1000,
    toMs: 3000,
    seen: 'verified',
  },
  {
    id: 'kill-4',
    kind: 'crash',
    title: 'crash of 4, database kept',
    seats: ['4'],
    fromMs: 2500,
    toMs: 4100,
    seen: 'verified',
  },
  {
    id: 'lie',
    kind: 'behave',
    title: 'equivocating-voter at 7, 8',
    seats: ['7', '8'],
    fromMs: 2600,
    toMs: null,
    seen: 'verified',
  },
  {
    id: 'broker',
    kind: 'broker-restart',
    title: 'broker restart, sessions kept',
    seats: [],
    fromMs: 5000,
    toMs: 5600,
    seen: 'verified',
  },
  {
    id: 'cut',
    kind: 'cut-client',
    title: 'connection of 3 cut',
    seats: ['3'],
    fromMs: 5100,
    toMs: null,
    seen: 'unverified',
  },
  {
    id: 'slow',
    kind: 'slow-disk',
    title: 'slow disk at 1, 2 (20 ms a commit)',
    seats: ['1', '2'],
    fromMs: 5200,
    toMs: 6200,
    seen: 'verified',
  },
];

function madeUpEvents(
  plan: ScenarioPlan,
  { hostile, purchases, faults = true }: MadeUpOptions,
  loadMs: number,
): RunEvent[] {
  const events: RunEvent[] = [];
  const at = (ms: number) => ({ t: LOAD_T + ms, at: WALL + 2500 + ms });
  const phases: readonly (readonly [Phase, number])[] = [
    ['prepare', -2500],
    ['start', -2400],
    ['fund', -400],
    ['load', 0],
    ['heal', loadMs],
    ['settle', loadMs + 30],
    ['read', loadMs + 600],
    ['stop', loadMs + 700],
    ['collect', loadMs + 900],
    ['judge', loadMs + 1200],
  ];
  for (const [phase, ms] of phases) events.push({ ...at(ms), event: 'phase', phase });
  for (const { seat } of plan.seats) events.push({ ...at(-900), event: 'seat', seat, state: 'ready', detail: '' });
  for (const { id, kind, title, seats, fromMs, toMs, seen } of faults ? FAULTS : []) {
    const fault = (ms: number, state: FaultState, detail: string) =>
      events.push({
        ...at(ms),
        event: 'fault',
        id,
        kind,
        title: hostile ?? title,
        state,
        seats,
        detail: hostile ?? detail,
      });
    fault(fromMs, 'asked', '');
    fault(fromMs + 40, 'applied', `${seats.length} seats`);
    fault(fromMs + 120, seen, seen === 'verified' ? 'canaries tell so' : 'no canary came back');
    if (toMs !== null) fault(toMs, 'healed', '');
  }
  for (let index = 0; index < purchases; index++) {
    const seat = plan.seats[index % plan.seats.length]!.seat;
    const order = (ms: number, state: OrderState) =>
      events.push({
        ...at(ms),
        event: 'order',
        orderId: `o${index}`,
        seat,
        service: hostile ?? 'espresso',
        plannedT: LOAD_T + index * EVERY_MS,
        state,
        requestId: null,
        detail: '',
      });
    order(index * EVERY_MS, 'placed');
    order(index * EVERY_MS + 3, index % 11 === 10 ? 'queued' : 'requested');
  }
  return events.sort((a, b) => a.t - b.t);
}

/** In order of time, as history.ndjson has it. */
function* madeUpHistory(
  { seats }: ScenarioPlan,
  { purchases, hostile }: MadeUpOptions,
): Generator<{ readonly seat: string; readonly observation: Observation }> {
  const seqs = new Map<string, number>();
  const line = (seat: string, ms: number, event: string, fields: Readonly<Record<string, unknown>>) => {
    const seq = (seqs.get(seat) ?? 0) + 1;
    seqs.set(seat, seq);
    const observation: Observation = {
      seq,
      t: LOAD_T + ms,
      at: Math.round(WALL + 2500 + ms),
      node: seat,
      prev: '0'.repeat(16),
      event,
      ...fields,
    };
    return { seat, observation };
  };
  const units = new Map(seats.map(({ node }) => [node, 40]));
  for (const { seat } of seats)
    for (const { node } of seats) yield line(seat, -900, 'wallet', { id: node, state: GENESIS, cU: 40 });
  for (let index = 0; index < purchases; index++) {
    const requester = seats[index % seats.length]!.node;
    const ms = index * EVERY_MS + 2;
    const R = requester;
    const request = {
      reqId: idOf(index),
      R,
      prevState: idOf(index - seats.length),
      service: hostile ?? 'espresso',
      price: 2,
    };
    const lives = index % 9 !== 8;
    const slow = 3 + ((index * 7919) % 97) / 5 + (index % 17 === 0 ? 180 : 0);
    yield line(requester, ms, 'req.tx', request);
    for (const { seat } of seats) yield line(seat, ms + 1, 'req.rx', { ...request, ok: true });
    for (const { seat, node } of seats)
      if (node !== requester) yield line(seat, ms + 2, 'vote.tx', { voter: node, ...request, remU: 30 });
    if (!lives) continue;
    units.set(requester, Math.max(0, units.get(requester)! - 10) + 13);
    for (const [place, { seat }] of seats.entries()) {
      yield line(seat, ms + slow + place * 0.3, 'decide', { ...request, newState: idOf(index), remU: 30, voters: [] });
      // From the middle of the run on, one node holds another balance of the first wallet.
      const off = requester === '1' && seat === '2' && index > purchases / 2 ? 10 : 0;
      yield line(seat, ms + slow + place * 0.3, 'wallet', {
        id: requester,
        state: idOf(index),
        cU: units.get(requester)! + off,
      });
    }
    if (hostile !== undefined) yield line('1', ms + 200, 'wallet', { id: hostile, state: GENESIS, cU: 5 });
  }
}

function idOf(index: number): string {
  return index < 0 ? GENESIS : (index + 1).toString(16).padStart(8, '0').repeat(8);
}

function finalReport(node: string, { seats }: ScenarioPlan, index: number): NodeReport {
  return {
    reportId: 'r',
    node,
    boot: 'b',
    storedRequests: 0,
    storedVotes: 0,
    locks: [],
    pendingOrders: [],
    services: [],
    wallets: seats.map(({ node: id }, place) => ({
      id,
      units: index === 1 && place === 0 ? 73 : 63,
      stateHash: idOf(index === 1 && place === 0 ? 99 : place),
      decidedRequestId: null,
    })),
    n: seats.length,
    quorum: 5,
    dcoinRate: 5,
    conditions: NORMAL_CONDITIONS,
    rejections: index === 0 ? { duplicate: 4, late: 12 } : {},
    decisions: 20 + index,
    sensorTransactions: 30,
    rssBytes: 61_000_000 + index * 812_345,
    databaseBytes: 65_536,
    cpuMs: 412.5 + index * 31,
    fabricConnected: true,
  };
}

function madeUpJudgement(
  { seats }: ScenarioPlan,
  { hostile, purchases }: MadeUpOptions,
  verdict: Judgement['verdict'],
): Judgement {
  const text = (plain: string) => hostile ?? plain;
  const values: Partial<Record<MetricName, number>> = {
    requests: purchases,
    decisions: purchases,
    'decided-everywhere': purchases - 3,
    stuck: 3,
    'latency-requester-p50': 12.4,
    'latency-requester-p95': 21.97,
    'decisions-per-second': 3.81,
    'decided-share': 0.93,
  };
  const metrics = Object.fromEntries(METRIC_NAMES.map((name) => [name, values[name] ?? null])) as MetricValues;
  const evidence: EvidenceLine[] = ['3', '4'].map((seat, index) => ({
    seat,
    why: text(`seat ${seat} decided ${index === 0 ? 30 : 20} u`),
    observation: {
      seq: 100,
      t: LOAD_T + 2600.25 + index,
      at: WALL,
      node: seat,
      event: text('decide'),
      prev: 'x',
      R: text('1'),
      prevState: GENESIS,
      remU: index === 0 ? 30 : 20,
      reqId: idOf(4),
    },
  }));
  const check = (id: string, invariant: (typeof INVARIANT_IDS)[number]): PlannedCheck => ({
    id,
    title: text(INVARIANTS[invariant]),
    expect: 'hold',
    evidenceMin: 8,
    kind: 'invariant',
    invariant,
  });
  const bad = verdict === 'failed';
  const unknown = verdict === 'inconclusive';
  const checks: JudgedCheck[] = [
    {
      check: check('agreement', 'I1'),
      state: bad ? 'violated' : 'hold',
      asExpected: !bad,
      examined: 412,
      detail: text(
        bad
          ? 'Seats 3 and 4 decided differently on one State of wallet 1.'
          : 'Every State was decided alike, 412 decisions.',
      ),
      evidence: bad ? evidence : [],
    },
    {
      check: check('evidence', 'I20'),
      state: unknown ? 'unknown' : 'hold',
      asExpected: unknown ? null : true,
      examined: unknown ? 0 : 20,
      detail: text(unknown ? 'No evidence was seen.' : 'Sound.'),
      evidence: [],
    },
    {
      check: {
        id: 'enough',
        title: text('Nearly all is decided'),
        expect: 'hold',
        evidenceMin: 1,
        kind: 'metric',
        metric: 'decided-share',
        bound: { atLeast: 0.9, atMost: null },
      },
      state: 'hold',
      asExpected: true,
      examined: purchases,
      detail: text('93 % of the requests.'),
      evidence: [],
    },
    {
      check: {
        id: 'after-heal',
        title: text('All decide after the heal'),
        expect: 'hold',
        evidenceMin: 1,
        kind: 'eventually',
        metric: 'decisions',
        bound: { atLeast: 10, atMost: null },
        after: 'part',
        withinMs: 10_000,
      },
      state: 'hold',
      asExpected: true,
      examined: 12,
      detail: text('Reached after 1.2 s.'),
      evidence: [],
    },
  ];
  return {
    verdict,
    reasons: verdict === 'pass' ? [] : [text(bad ? 'agreement: expected to hold, is violated' : 'evidence: unknown')],
    checks,
    metrics,
    stuck: (['split', 'lost', 'lost'] as const).map((reason, index) => ({
      requestId: idOf(9 * index + 8),
      requester: text('1'),
      service: text('espresso'),
      reason,
      detail: text('4 for 30 u, 3 for 20 u; 5 equal votes are needed'),
      undecidedAt: seats.map(({ seat }) => seat),
    })),
    correct: seats.filter(({ role }) => role === 'honest').map(({ seat }) => seat),
  };
}
