/**
 * A node's metrics: their definitions, and the text that a scrape is answered with. Reads counts that are kept where the
 * events are (node-tally.ts and others) and the node's own view; no label has a value that a stranger can choose.
 */
import { arch } from 'node:os';
import { REJECTION_CODES } from '../protocol/rejection.ts';
import { type MetricTable, metricsText, type Sample } from './metrics-text.ts';
import { MESSAGE_CLASSES, type NodeTally, ORDER_OUTCOMES, VOTE_STATUSES } from './node-tally.ts';

export const NODE_METRICS = {
  wallance_node_build_info: {
    type: 'gauge',
    help: 'Always 1: which node this is, and what it runs.',
    labels: ['lab', 'seat', 'node', 'profile', 'version', 'node_version', 'arch'],
  },
  wallance_node_ready: { type: 'gauge', help: '1 when the node can take part, 0 otherwise.', labels: [] },
  wallance_node_fabric_connected: { type: 'gauge', help: '1 while the fabric is connected.', labels: [] },
  wallance_node_fabric_reconnects_total: {
    type: 'counter',
    help: 'Connections to the fabric after the first.',
    labels: [],
  },
  wallance_node_n: { type: 'gauge', help: 'Size of the network as this node sees it.', labels: [] },
  wallance_node_quorum: { type: 'gauge', help: 'Equal votes that this node decides with.', labels: [] },
  wallance_node_supply_units: {
    type: 'gauge',
    help: 'Sum of all wallets as this node sees them, units.',
    labels: [],
  },
  wallance_node_own_wallet_units: { type: 'gauge', help: 'Own wallet as this node sees it, units.', labels: [] },
  wallance_node_wallets: { type: 'gauge', help: 'Wallets that this node knows.', labels: [] },
  wallance_node_stored_rows: {
    type: 'gauge',
    help: 'Requests and votes that are stored and not settled.',
    labels: ['kind'],
  },
  wallance_node_orders_total: { type: 'counter', help: 'What became of orders to buy.', labels: ['outcome'] },
  wallance_node_requests_submitted_total: {
    type: 'counter',
    help: 'Own requests published by this life of the node, those that a restart repeats included.',
    labels: [],
  },
  wallance_node_requests_decided_total: { type: 'counter', help: 'Own requests that this node decided.', labels: [] },
  wallance_node_requests_open: {
    type: 'gauge',
    help: 'Own requests published by this life of the node and not decided by it; at most 256 are counted.',
    labels: [],
  },
  wallance_node_oldest_open_request_seconds: {
    type: 'gauge',
    help: 'Age of the oldest own request that is not decided; 0 where there is none.',
    labels: [],
  },
  wallance_node_decision_latency_seconds: {
    type: 'histogram',
    help: 'From publishing an own request to the durable decision at this node.',
    labels: [],
  },
  wallance_node_decisions_total: {
    type: 'counter',
    help: 'Requests of all requesters that this node decided.',
    labels: [],
  },
  wallance_node_votes_total: {
    type: 'counter',
    help: 'Votes that arrived, by what became of them; evicted ones were counted before.',
    labels: ['status'],
  },
  wallance_node_votes_cast_total: { type: 'counter', help: 'Votes that this node decided to give.', labels: [] },
  wallance_node_sensor_credits_total: {
    type: 'counter',
    help: 'Sensor transactions that were credited, of all publishers.',
    labels: [],
  },
  wallance_node_refused_total: {
    type: 'counter',
    help: 'Messages refused or given up, by class and reason.',
    labels: ['class', 'reason'],
  },
  wallance_node_messages_total: {
    type: 'counter',
    help: 'Messages of the protocol, deliveries and publications.',
    labels: ['direction', 'class'],
  },
  wallance_node_payload_bytes_total: {
    type: 'counter',
    help: 'Bytes of their payloads.',
    labels: ['direction', 'class'],
  },
  wallance_node_publications_under_way: {
    type: 'gauge',
    help: 'Publications that the fabric has not taken yet.',
    labels: [],
  },
  wallance_node_work_hashes_total: {
    type: 'counter',
    help: 'Hashes of finished searches for nonces (LWPoW).',
    labels: [],
  },
  wallance_node_work_seconds_total: { type: 'counter', help: 'Time of these searches.', labels: [] },
  wallance_node_observations_lost_total: {
    type: 'counter',
    help: 'Lines of the record that could not be written.',
    labels: [],
  },
  wallance_node_database_bytes: { type: 'gauge', help: 'Size of the database.', labels: [] },
  wallance_node_cpu_seconds_total: { type: 'counter', help: 'CPU time of the process, user and system.', labels: [] },
  wallance_node_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the process.', labels: [] },
  wallance_node_start_time_seconds: { type: 'gauge', help: 'Start of the process, Unix time.', labels: [] },
} as const satisfies MetricTable;

/** What the numbers are taken from at the moment of a scrape. */
export interface NodeMetricSources {
  readonly about: { readonly lab: string; readonly seat: string; readonly node: string; readonly profile: string };
  readonly version: string;
  readonly tally: NodeTally;
  readonly ready: boolean;
  readonly fabric: { readonly connected: boolean; readonly reconnects: number };
  readonly work: { readonly hashes: number; readonly seconds: number };
  readonly n: number;
  readonly quorum: number;
  readonly wallets: readonly { readonly id: string; readonly units: number }[];
  readonly storedRows: { readonly requests: number; readonly votes: number };
  readonly underWay: number;
  readonly observationsLost: number;
  readonly databaseBytes: number;
}

export function nodeMetricsText(sources: NodeMetricSources): string {
  const { about, tally, work, wallets, storedRows } = sources;
  const { user, system } = process.cpuUsage();
  const both = (of: 'messages' | 'payloadBytes'): Sample[] =>
    (['received', 'sent'] as const).flatMap((direction) =>
      MESSAGE_CLASSES.map((name): Sample => [[direction, name], tally[direction][name][of]]),
    );
  return metricsText(NODE_METRICS, {
    wallance_node_build_info: [
      [[about.lab, about.seat, about.node, about.profile, sources.version, process.version, arch()], 1],
    ],
    wallance_node_ready: sources.ready ? 1 : 0,
    wallance_node_fabric_connected: sources.fabric.connected ? 1 : 0,
    wallance_node_fabric_reconnects_total: sources.fabric.reconnects,
    wallance_node_n: sources.n,
    wallance_node_quorum: sources.quorum,
    wallance_node_supply_units: wallets.reduce((sum, { units }) => sum + units, 0),
    wallance_node_own_wallet_units: wallets.find(({ id }) => id === about.node)?.units ?? 0,
    wallance_node_wallets: wallets.length,
    wallance_node_stored_rows: [
      [['requests'], storedRows.requests],
      [['votes'], storedRows.votes],
    ],
    wallance_node_orders_total: ORDER_OUTCOMES.map((outcome) => [[outcome], tally.orders[outcome]]),
    wallance_node_requests_submitted_total: tally.requestsSubmitted,
    wallance_node_requests_decided_total: tally.requestsDecided,
    wallance_node_requests_open: tally.openRequests,
    wallance_node_oldest_open_request_seconds: tally.oldestOpenSeconds,
    wallance_node_decision_latency_seconds: [[[], tally.latency]],
    wallance_node_decisions_total: tally.decisions,
    wallance_node_votes_total: VOTE_STATUSES.map((status) => [[status], tally.votes[status]]),
    wallance_node_votes_cast_total: tally.votesCast,
    wallance_node_sensor_credits_total: tally.sensorTransactions,
    wallance_node_refused_total: MESSAGE_CLASSES.flatMap((name) =>
      REJECTION_CODES.map((code): Sample => [[name, code], tally.refused[name][code]]),
    ),
    wallance_node_messages_total: both('messages'),
    wallance_node_payload_bytes_total: both('payloadBytes'),
    wallance_node_publications_under_way: sources.underWay,
    wallance_node_work_hashes_total: work.hashes,
    wallance_node_work_seconds_total: work.seconds,
    wallance_node_observations_lost_total: sources.observationsLost,
    wallance_node_database_bytes: sources.databaseBytes,
    wallance_node_cpu_seconds_total: (user + system) / 1e6,
    wallance_node_resident_memory_bytes: process.memoryUsage.rss(),
    wallance_node_start_time_seconds: Math.round(performance.timeOrigin) / 1000,
  });
}
