/**
 * The metrics of a lab, as Prometheus scrapes them. Everything but latencies is copied out of the projection and the
 * counts when somebody asks, so that nothing is spent while nobody does. It asks the brokers itself, and nodes no more
 * often than an open page does.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { LATENCY_BUCKETS_SECONDS, type MetricTable } from '../../node/host/metrics-text.ts';
import { VOTE_STATUSES } from '../../node/host/node-tally.ts';
import { REJECTION_CODES } from '../../node/protocol/rejection.ts';
import { ORDER_REFUSALS } from '../../node/protocol/step.ts';
import type { LiveLab } from '../dashboard/live-lab.ts';
import type { RequestStep } from '../dashboard/live-requests.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import type { Observation } from '../history/observation.ts';
import { STUCK_REASONS } from '../history/stuck-request.ts';
import type { LabOperations } from '../lab/lab-operations.ts';
import { PROJECT_VERSION } from '../project.ts';
import { LAB_METRICS } from './lab-metric-table.ts';
import { LabTally, type NamedCounts } from './lab-tally.ts';

type MetricName = keyof typeof LAB_METRICS;
type Value = readonly [labelValues: readonly string[], value: number];

export interface LabMetricSources {
  readonly live: LiveLab;
  /** Null until the lab is ready. */
  readonly operations: () => LabOperations | null;
  /** Brings into the projection what only the lab knows at this moment. */
  readonly refresh: () => void;
}

function withAll(counts: NamedCounts, names: readonly string[]): Value[] {
  const found = new Map([...names.map((name) => [name, 0] as const), ...flat(counts)]);
  return [...found].map(([name, count]) => [[name], count]);
}

function flat(counts: NamedCounts): (readonly [string, number])[] {
  return [...counts.entries()].map(([[name = ''], count]) => [name, count]);
}

export class LabMetrics {
  readonly #registry = new Registry();
  readonly #metrics = new Map<string, Counter | Gauge>();
  readonly #tally: LabTally;

  constructor(services: readonly { readonly name: string }[]) {
    for (const [name, { type, help, labels }] of Object.entries<MetricTable[string]>(LAB_METRICS)) {
      const configuration = { name, help, labelNames: [...labels], registers: [this.#registry] };
      if (type === 'counter') this.#metrics.set(name, new Counter(configuration));
      else if (type === 'gauge') this.#metrics.set(name, new Gauge(configuration));
    }
    const { help, labels } = LAB_METRICS.wallance_decision_latency_seconds;
    const latency = new Histogram({
      name: 'wallance_decision_latency_seconds',
      help,
      labelNames: [...labels],
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers: [this.#registry],
    });
    for (const scope of ['requester', 'all']) latency.zero({ scope });
    this.#tally = new LabTally(services, (scope, seconds) => latency.observe({ scope }, seconds));
  }

  observe(observation: Observation): void {
    this.#tally.observe(observation);
  }

  step(step: RequestStep): void {
    this.#tally.step(step);
  }

  get mediaType(): string {
    return this.#registry.contentType;
  }

  async text(sources: LabMetricSources): Promise<string> {
    const operations = sources.operations();
    const fabric = operations === null ? null : await operations.lab.fabric.stats().catch(() => null);
    sources.refresh();
    this.#project(sources.live);
    this.#count(sources.live);
    this.#brokers(operations, fabric);
    this.#process(sources.live, operations);
    return this.#registry.metrics();
  }

  #project({ plan, nodes, wallets, requests, faults }: LiveLab): void {
    const all = nodes.changedSince(0, () => null);
    const up = new Set(all.filter(({ seat }) => nodes.isUp(seat)).map(({ seat }) => seat));
    this.#set('wallance_nodes', plan.seats.length);
    this.#set(
      'wallance_node_up',
      all.map(({ seat, node }) => [[seat, node], up.has(seat) ? 1 : 0]),
    );
    this.#set(
      'wallance_node_byzantine',
      all.map(({ seat, node, behaviours }) => [[seat, node], behaviours.length > 0 ? 1 : 0]),
    );
    this.#set(
      'wallance_node_view_n',
      all.flatMap(({ seat, node, n }): Value[] => (n === null ? [] : [[[seat, node], n]])),
    );
    this.#set(
      'wallance_node_view_quorum',
      all.flatMap(({ seat, node, quorum }): Value[] => (quorum === null ? [] : [[[seat, node], quorum]])),
    );
    this.#set(
      'wallance_decisions_total',
      all.map(({ seat, node, decisions }) => [[seat, node], decisions]),
    );
    this.#set(
      'wallance_messages_total',
      all.flatMap(({ seat, node, sent }) =>
        Object.entries(sent).map(([name, count]): Value => [[seat, node, name], count]),
      ),
    );
    const owners = new Map(plan.seats.map(({ seat, node }) => [node, seat]).reverse() as [string, string][]);
    // What nobody has told yet, after a restart of the lab, is unknown and not nothing.
    const held = [...owners].flatMap(([node, seat]): Value[] => {
      const units = wallets.heldBy(seat, node)?.units;
      return units === undefined ? [] : [[[node], units]];
    });
    this.#set('wallance_wallet_units', held);
    this.#set(
      'wallance_supply_units',
      held.reduce((sum, [, units]) => sum + units, 0),
    );
    const views = new Map([...owners.keys()].map((node) => [node, 0]));
    for (const { id, views: different } of wallets.all()) {
      if (views.has(id))
        views.set(id, Math.max(0, different.filter(({ seats }) => seats.some((seat) => up.has(seat))).length - 1));
    }
    this.#set(
      'wallance_wallet_divergence',
      [...views].map(([node, more]) => [[node], more]),
    );
    this.#set('wallance_requests_open', requests.open);
    const stuck = requests.stuckByReason();
    this.#set(
      'wallance_requests_stuck',
      STUCK_REASONS.map((reason) => [[reason], stuck.get(reason) ?? 0]),
    );
    this.#set(
      'wallance_service_price_dcoins',
      plan.services.map(({ name, priceDcoins }) => [[name], priceDcoins]),
    );
    const active = new Map<string, number>();
    for (const fault of faults.values()) if (fault.active) active.set(fault.kind, (active.get(fault.kind) ?? 0) + 1);
    this.#set(
      'wallance_faults_active',
      [...active].map(([kind, count]) => [[kind], count]),
    );
  }

  #count({ plan }: LiveLab): void {
    const tally = this.#tally;
    const nodeOf = new Map(plan.seats.map(({ seat, node }) => [seat, node]));
    const withNode = (counts: LabTally['submitted']): Value[] => {
      const found = new Map([...counts.entries()].map(([names, count]) => [names.join('\0'), count]));
      for (const { seat } of plan.seats)
        for (const { name } of plan.services) found.set(`${seat}\0${name}`, found.get(`${seat}\0${name}`) ?? 0);
      return [...found].map(([key, count]) => {
        const [seat = '', service = ''] = key.split('\0');
        return [[seat, nodeOf.get(seat) ?? '', service], count];
      });
    };
    this.#set('wallance_requests_submitted_total', withNode(tally.submitted));
    this.#set('wallance_requests_decided_total', withNode(tally.decided));
    // What begins at 1 has no increase to be seen: what can come is there from the start.
    this.#set('wallance_requests_rejected_total', withAll(tally.requestsRejected, REJECTION_CODES));
    this.#set('wallance_orders_refused_total', withAll(tally.ordersRefused, ORDER_REFUSALS));
    this.#set(
      'wallance_votes_total',
      VOTE_STATUSES.map((status) => [[status], tally.votes[status]]),
    );
  }

  #brokers(operations: LabOperations | null, fabric: BrokerStats | null): void {
    const brokers: (readonly [string, BrokerStats])[] = fabric === null ? [] : [['fabric', fabric]];
    if (operations !== null) brokers.push(['control', operations.lab.controlStats()]);
    const each = (name: MetricName, value: (stats: BrokerStats) => number): void =>
      this.#set(
        name,
        brokers.map(([broker, stats]) => [[broker], value(stats)]),
      );
    const lists = (name: MetricName, values: (stats: BrokerStats) => readonly Value[]): void =>
      this.#set(
        name,
        brokers.flatMap(([broker, stats]) =>
          values(stats).map(([labels, value]): Value => [[broker, ...labels], value]),
        ),
      );
    const traffic = (of: 'messages' | 'payloadBytes') => (stats: BrokerStats) =>
      (['received', 'delivered'] as const).flatMap((direction) =>
        Object.entries(stats[direction]).map(([name, count]): Value => [[direction, name], count[of]]),
      );
    this.#set(
      'wallance_broker_up',
      operations === null
        ? []
        : [
            [['fabric'], operations.lab.fabric.failure === null ? 1 : 0],
            [['control'], 1],
          ],
    );
    each('wallance_broker_connected_sessions', ({ connected }) => connected.length);
    each('wallance_broker_waiting_messages', ({ sessions }) =>
      sessions.reduce((sum, { waiting, inFlight }) => sum + waiting + inFlight, 0),
    );
    lists('wallance_broker_messages_total', traffic('messages'));
    lists('wallance_broker_payload_bytes_total', traffic('payloadBytes'));
    each('wallance_broker_redelivered_messages_total', ({ redelivered }) => redelivered);
    lists('wallance_broker_dropped_messages_total', ({ dropped }) =>
      Object.entries(dropped).map(([reason, count]) => [[reason], count]),
    );
    lists('wallance_broker_refused_total', ({ refused }) =>
      Object.entries(refused).map(([reason, count]) => [[reason], count]),
    );
    each('wallance_broker_cpu_seconds_total', ({ cpuMs }) => cpuMs / 1000);
    each('wallance_broker_resident_memory_bytes', ({ rssBytes }) => rssBytes);
  }

  #process({ plan }: LiveLab, operations: LabOperations | null): void {
    const { user, system } = process.cpuUsage();
    const runtime = operations?.lab.runtime ?? '';
    this.#set('wallance_build_info', [[[plan.lab, plan.profile, runtime, PROJECT_VERSION, process.version], 1]]);
    this.#set('wallance_lab_cpu_seconds_total', (user + system) / 1e6);
    this.#set('wallance_lab_resident_memory_bytes', process.memoryUsage.rss());
    this.#set('wallance_lab_start_time_seconds', Math.round(performance.timeOrigin) / 1000);
  }

  /** Everything that the metric is at this moment; what it was before is forgotten. */
  #set(name: MetricName, values: number | readonly Value[]): void {
    const metric = this.#metrics.get(name)!;
    const { labels } = LAB_METRICS[name];
    metric.reset();
    for (const [labelValues, value] of typeof values === 'number' ? [[[], values] as Value] : values)
      metric.inc(Object.fromEntries(labels.map((label, index) => [label, labelValues[index]!])), value);
  }
}
