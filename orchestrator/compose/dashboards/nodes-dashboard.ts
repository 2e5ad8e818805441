/** Nodes by their own metrics: what each sees of the network, and what it costs. */
import type { Dashboard } from './dashboard-shape.ts';
import { PAGE_URL } from './lab-dashboard.ts';
import { graph, labelVariable, placed, table } from './panels.ts';

const RATE = '[$__rate_interval]';
const ONE = '{node=~"$node"}';

function each(metric: string): readonly (readonly [string, string])[] {
  return [['{{node}}', `max by (node) (${metric}${ONE})`]];
}

function eachRate(metric: string): readonly (readonly [string, string])[] {
  return [['{{node}}', `sum by (node) (rate(${metric}${ONE}${RATE}))`]];
}

export function nodesDashboard(): Dashboard {
  return {
    uid: 'wallance-nodes',
    title: 'Wallance nodes',
    description: 'What each node sees and what it costs, by the node’s own metrics.',
    tags: ['wallance'],
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: '5s',
    time: { from: 'now-15m', to: 'now' },
    timezone: 'browser',
    templating: { list: [labelVariable('node', 'wallance_node_ready', true)] },
    links: [
      {
        title: 'The lab’s page',
        type: 'link',
        url: PAGE_URL,
        icon: 'external link',
        targetBlank: true,
        keepTime: false,
      },
      { title: 'Lab', type: 'link', url: '/d/wallance-lab', icon: 'dashboard', targetBlank: false, keepTime: true },
    ],
    annotations: { list: [] },
    panels: placed([
      {
        title: 'Nodes',
        height: 9,
        panels: [
          table({ title: 'Now', description: 'Each node as it sees itself and the network.', width: 24 }, 'node', [
            { title: 'ready', expression: `max by (node) (wallance_node_ready${ONE})` },
            { title: 'view of n', expression: `max by (node) (wallance_node_n${ONE})` },
            { title: 'quorum', expression: `max by (node) (wallance_node_quorum${ONE})` },
            { title: 'own units', expression: `max by (node) (wallance_node_own_wallet_units${ONE})` },
            { title: 'supply', expression: `max by (node) (wallance_node_supply_units${ONE})` },
            { title: 'decisions', expression: `sum by (node) (wallance_node_decisions_total${ONE})` },
            { title: 'open', expression: `max by (node) (wallance_node_requests_open${ONE})` },
            {
              title: 'oldest open',
              expression: `max by (node) (wallance_node_oldest_open_request_seconds${ONE})`,
              unit: 's',
            },
          ]),
        ],
      },
      {
        title: 'The ledger',
        height: 8,
        panels: [
          graph(
            { title: 'View of n', description: 'Size of the network as each node sees it.', width: 8 },
            each('wallance_node_n'),
          ),
          graph(
            { title: 'Supply', description: 'Sum of all wallets as each node sees them, units.', width: 8 },
            each('wallance_node_supply_units'),
          ),
          graph(
            {
              title: 'Latency of own requests, p95',
              description: 'From publishing to the durable decision at the requester.',
              width: 8,
              unit: 's',
            },
            [
              [
                '{{node}}',
                `histogram_quantile(0.95, sum by (node, le) (rate(wallance_node_decision_latency_seconds_bucket${ONE}${RATE})))`,
              ],
            ],
          ),
          graph(
            { title: 'Votes that arrived', description: 'By what became of them, a second.', width: 8, unit: 'ops' },
            [['{{status}}', `sum by (status) (rate(wallance_node_votes_total${ONE}${RATE}))`]],
            true,
          ),
          graph({ title: 'Refused messages', description: 'By class and reason, a second.', width: 8, unit: 'ops' }, [
            ['{{class}} {{reason}}', `sum by (class, reason) (rate(wallance_node_refused_total${ONE}${RATE}))`],
          ]),
          graph({ title: 'Stored rows', description: 'Requests and votes that are not settled.', width: 8 }, [
            ['{{kind}}', `sum by (kind) (wallance_node_stored_rows${ONE})`],
          ]),
        ],
      },
      {
        title: 'Work and messages',
        height: 8,
        panels: [
          graph(
            { title: 'Hashes', description: 'Hashes of searches for nonces, a second.', width: 8, unit: 'ops' },
            eachRate('wallance_node_work_hashes_total'),
          ),
          graph(
            {
              title: 'Time at work',
              description: 'Share of time in searches for nonces.',
              width: 8,
              unit: 'percentunit',
            },
            eachRate('wallance_node_work_seconds_total'),
          ),
          graph(
            { title: 'Messages', description: 'By direction and class, a second.', width: 8, unit: 'ops' },
            [
              [
                '{{direction}} {{class}}',
                `sum by (direction, class) (rate(wallance_node_messages_total${ONE}${RATE}))`,
              ],
            ],
            true,
          ),
          graph({ title: 'Payload', description: 'By direction and class.', width: 8, unit: 'Bps' }, [
            [
              '{{direction}} {{class}}',
              `sum by (direction, class) (rate(wallance_node_payload_bytes_total${ONE}${RATE}))`,
            ],
          ]),
          graph(
            { title: 'Publications under way', description: 'Not taken by the fabric yet.', width: 8 },
            each('wallance_node_publications_under_way'),
          ),
          graph(
            {
              title: 'Reconnects',
              description: 'Connections to the fabric after the first, a second.',
              width: 8,
              unit: 'ops',
            },
            eachRate('wallance_node_fabric_reconnects_total'),
          ),
        ],
      },
      {
        title: 'The machine',
        height: 8,
        panels: [
          graph(
            { title: 'CPU', description: 'Of each node; 1 is a core.', width: 8, unit: 'percentunit' },
            eachRate('wallance_node_cpu_seconds_total'),
          ),
          graph(
            { title: 'Memory', description: 'Resident memory of each node.', width: 8, unit: 'bytes' },
            each('wallance_node_resident_memory_bytes'),
          ),
          graph(
            { title: 'Database', description: 'Size of each database.', width: 8, unit: 'bytes' },
            each('wallance_node_database_bytes'),
          ),
        ],
      },
    ]),
  };
}
