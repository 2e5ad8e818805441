/** The metrics of a lab as definitions; lab-metrics.ts fills them, docs/metrics.md shows them beside those of a node. */
import type { MetricTable } from '../../node/host/metrics-text.ts';

const SEAT = ['seat', 'node'] as const;

export const LAB_METRICS = {
  wallance_build_info: {
    type: 'gauge',
    help: 'Always 1: what this lab is, and what it runs.',
    labels: ['lab', 'profile', 'runtime', 'version', 'node_version'],
  },
  // --- requests
  wallance_requests_submitted_total: {
    type: 'counter',
    help: 'Requests that their requester sent.',
    labels: [...SEAT, 'service'],
  },
  wallance_requests_decided_total: {
    type: 'counter',
    help: 'Requests decided at their requester.',
    labels: [...SEAT, 'service'],
  },
  wallance_requests_rejected_total: {
    type: 'counter',
    help: 'Requests that a node refused or turned down, each node counted.',
    labels: ['reason'],
  },
  wallance_orders_refused_total: {
    type: 'counter',
    help: 'Orders to buy that the node itself refused, so that no request was made.',
    labels: ['reason'],
  },
  wallance_requests_open: {
    type: 'gauge',
    help: 'Requests that some node has not decided, of the last 500.',
    labels: [],
  },
  wallance_requests_stuck: {
    type: 'gauge',
    help: 'Requests that some node has not decided 5 s after they were sent, by why; of the last 500.',
    labels: ['reason'],
  },
  wallance_decision_latency_seconds: {
    type: 'histogram',
    help: 'From the sending of a request to the durable decision, at its requester or at the last of all nodes.',
    labels: ['scope'],
  },
  wallance_decisions_total: {
    type: 'counter',
    help: 'Decisions of any request, by the node that made them.',
    labels: SEAT,
  },
  wallance_votes_total: {
    type: 'counter',
    help: 'Votes that arrived at all nodes together, by what became of them.',
    labels: ['status'],
  },
  // --- nodes
  wallance_nodes: { type: 'gauge', help: 'Seats of the plan.', labels: [] },
  wallance_node_up: { type: 'gauge', help: '1 when the node is ready, as the lab knows it.', labels: SEAT },
  wallance_node_byzantine: { type: 'gauge', help: '1 while the node is told to misbehave.', labels: SEAT },
  wallance_node_view_n: {
    type: 'gauge',
    help: 'Size of the network as the node last said that it sees it.',
    labels: SEAT,
  },
  wallance_node_view_quorum: { type: 'gauge', help: 'Quorum as the node last said that it sees it.', labels: SEAT },
  // --- wallets
  wallance_wallet_units: { type: 'gauge', help: 'Wallet as its owner sees it, units.', labels: ['wallet'] },
  wallance_wallet_divergence: {
    type: 'gauge',
    help: 'Different views of the wallet among nodes that are up, less one; 0: they agree.',
    labels: ['wallet'],
  },
  wallance_supply_units: { type: 'gauge', help: 'Sum of all wallets, each as its owner sees it, units.', labels: [] },
  wallance_service_price_dcoins: { type: 'gauge', help: 'Price of each service, whole DCoins.', labels: ['service'] },
  // --- messages and brokers
  wallance_messages_total: {
    type: 'counter',
    help: 'Messages of the protocol that nodes sent.',
    labels: [...SEAT, 'class'],
  },
  wallance_broker_up: { type: 'gauge', help: '0 once the broker has ended by itself.', labels: ['broker'] },
  wallance_broker_connected_sessions: { type: 'gauge', help: 'Sessions with a connection.', labels: ['broker'] },
  wallance_broker_waiting_messages: {
    type: 'gauge',
    help: 'Copies that wait for their session, sent and not acknowledged ones included.',
    labels: ['broker'],
  },
  wallance_broker_messages_total: {
    type: 'counter',
    help: 'Messages received from clients, and copies delivered to them.',
    labels: ['broker', 'direction', 'class'],
  },
  wallance_broker_payload_bytes_total: {
    type: 'counter',
    help: 'Bytes of their payloads.',
    labels: ['broker', 'direction', 'class'],
  },
  wallance_broker_redelivered_messages_total: {
    type: 'counter',
    help: 'Copies sent once more because a session ended before they were acknowledged.',
    labels: ['broker'],
  },
  wallance_broker_dropped_messages_total: {
    type: 'counter',
    help: 'Copies dropped; link-rule: a fault wanted it so.',
    labels: ['broker', 'reason'],
  },
  wallance_broker_refused_total: {
    type: 'counter',
    help: 'What clients asked for and were refused.',
    labels: ['broker', 'reason'],
  },
  wallance_broker_cpu_seconds_total: {
    type: 'counter',
    help: "CPU time of the broker's process; that of the control broker is the lab's.",
    labels: ['broker'],
  },
  wallance_broker_resident_memory_bytes: {
    type: 'gauge',
    help: "Resident memory of the broker's process; that of the control broker is the lab's.",
    labels: ['broker'],
  },
  // --- the lab itself
  wallance_faults_active: { type: 'gauge', help: 'Faults in force that were started by hand.', labels: ['kind'] },
  wallance_lab_cpu_seconds_total: { type: 'counter', help: 'CPU time of the lab process.', labels: [] },
  wallance_lab_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the lab process.', labels: [] },
  wallance_lab_start_time_seconds: { type: 'gauge', help: 'Start of the lab process, Unix time.', labels: [] },
} as const satisfies MetricTable;
