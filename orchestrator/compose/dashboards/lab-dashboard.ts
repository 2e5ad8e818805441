/** The lab at a glance: what the paper's page shows, and what a researcher asks next. */
import type { Dashboard } from './dashboard-shape.ts';
import { graph, labelVariable, placed, stat, table } from './panels.ts';

/** Of the page of a lab on this machine; the one port that dashboards know. */
export const PAGE_URL = 'http://127.0.0.1:8420/';

const RATE = '[$__rate_interval]';

function quantile(q: number, scope: 'requester' | 'all'): string {
  return `histogram_quantile(${q}, sum by (le) (rate(wallance_decision_latency_seconds_bucket{scope="${scope}"}${RATE})))`;
}

export function labDashboard(): Dashboard {
  return {
    uid: 'wallance-lab',
    title: 'Wallance lab',
    description: 'Requests, votes, wallets, messages and brokers of a lab, as the lab process knows them.',
    tags: ['wallance'],
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: '5s',
    time: { from: 'now-15m', to: 'now' },
    timezone: 'browser',
    templating: { list: [labelVariable('node', 'wallance_node_up', false)] },
    links: [
      {
        title: 'The lab’s page',
        type: 'link',
        url: PAGE_URL,
        icon: 'external link',
        targetBlank: true,
        keepTime: false,
      },
      { title: 'Nodes', type: 'link', url: '/d/wallance-nodes', icon: 'dashboard', targetBlank: false, keepTime: true },
    ],
    annotations: { list: [] },
    panels: placed([
      {
        title: 'Now',
        height: 4,
        panels: [
          stat({ title: 'Nodes up', description: 'Nodes that are ready.', width: 3 }, 'sum(wallance_node_up)'),
          stat(
            { title: 'Nodes down', description: 'Nodes of the plan that are not ready.', width: 3 },
            'sum(wallance_nodes) - sum(wallance_node_up)',
            1,
          ),
          stat(
            { title: 'Byzantine', description: 'Nodes that are told to misbehave.', width: 3 },
            'sum(wallance_node_byzantine)',
          ),
          stat(
            { title: 'Open requests', description: 'Not decided by every node.', width: 3 },
            'sum(wallance_requests_open)',
          ),
          stat(
            { title: 'Stuck requests', description: 'Open for more than five seconds.', width: 3 },
            'sum(wallance_requests_stuck)',
            1,
          ),
          stat(
            {
              title: 'Wallets in dispute',
              description:
                'Wallets on which nodes differ at this moment; values of sensors on their way are among them.',
              width: 3,
            },
            'sum(wallance_wallet_divergence > bool 0)',
            1,
          ),
          stat(
            { title: 'Supply', description: 'All wallets as their owners see them, units.', width: 3 },
            'sum(wallance_supply_units)',
          ),
          stat(
            { title: 'Alerts', description: 'Alerts of Prometheus that fire.', width: 3 },
            'sum(ALERTS{alertstate="firing", alertname=~"Wallance.+"}) or vector(0)',
            1,
          ),
        ],
      },
      {
        title: 'Requests',
        height: 8,
        panels: [
          graph({ title: 'Submitted and decided', description: 'Requests a second.', width: 8, unit: 'ops' }, [
            ['submitted', `sum(rate(wallance_requests_submitted_total${RATE}))`],
            ['decided at the requester', `sum(rate(wallance_requests_decided_total${RATE}))`],
          ]),
          graph(
            {
              title: 'Decision latency',
              description: 'From sending to the durable decision, at the requester and at the last of all nodes.',
              width: 8,
              unit: 's',
            },
            [
              ['p50 requester', quantile(0.5, 'requester')],
              ['p95 requester', quantile(0.95, 'requester')],
              ['p50 all', quantile(0.5, 'all')],
              ['p95 all', quantile(0.95, 'all')],
              ['p99 all', quantile(0.99, 'all')],
            ],
          ),
          graph({ title: 'Stuck, by why', description: 'Requests that some node has not decided.', width: 8 }, [
            ['{{reason}}', 'sum by (reason) (wallance_requests_stuck)'],
          ]),
          graph(
            { title: 'Refused orders', description: 'Orders that nodes refused, a second.', width: 8, unit: 'ops' },
            [['{{reason}}', `sum by (reason) (rate(wallance_orders_refused_total${RATE}))`]],
          ),
          graph(
            {
              title: 'Rejected requests',
              description: 'Requests that nodes turned down, a second.',
              width: 8,
              unit: 'ops',
            },
            [['{{reason}}', `sum by (reason) (rate(wallance_requests_rejected_total${RATE}))`]],
          ),
          graph(
            {
              title: 'Votes',
              description: 'Votes that arrived at all nodes together, a second.',
              width: 8,
              unit: 'ops',
            },
            [['{{status}}', `sum by (status) (rate(wallance_votes_total${RATE}))`]],
            true,
          ),
        ],
      },
      {
        title: 'Services and wallets',
        height: 8,
        panels: [
          table(
            {
              title: 'Services',
              description:
                'A service’s name leads to the page’s confirmation of a purchase on behalf of the node chosen above; following the link buys nothing.',
              width: 8,
            },
            'service',
            [
              { title: 'price, DCoins', expression: 'max by (service) (wallance_service_price_dcoins)' },
              { title: 'bought', expression: 'sum by (service) (wallance_requests_decided_total)' },
              { title: 'asked for', expression: 'sum by (service) (wallance_requests_submitted_total)' },
            ],
            [
              {
                title: `Buy on behalf of node \${node}`,
                url: `${PAGE_URL}#/services?buy=\${__data.fields.service}&node=\${node}`,
                targetBlank: true,
              },
            ],
          ),
          graph({ title: 'Wallets', description: 'Each as its owner sees it, units.', width: 8 }, [
            ['{{wallet}}', 'max by (wallet) (wallance_wallet_units)'],
          ]),
          table({ title: 'Different views', description: 'Views of a wallet beyond the first.', width: 8 }, 'wallet', [
            { title: 'units', expression: 'max by (wallet) (wallance_wallet_units)' },
            { title: 'views too many', expression: 'max by (wallet) (wallance_wallet_divergence)' },
          ]),
        ],
      },
      {
        title: 'Messages and brokers',
        height: 8,
        panels: [
          graph(
            { title: 'Messages', description: 'Messages that nodes sent, a second.', width: 8, unit: 'ops' },
            [['{{class}}', `sum by (class) (rate(wallance_messages_total${RATE}))`]],
            true,
          ),
          graph(
            { title: 'Payload', description: 'Payload bytes delivered by the brokers.', width: 8, unit: 'Bps' },
            [
              [
                '{{broker}} {{class}}',
                `sum by (broker, class) (rate(wallance_broker_payload_bytes_total{direction="delivered"}${RATE}))`,
              ],
            ],
            true,
          ),
          graph({ title: 'Dropped', description: 'Copies that a broker dropped, a second.', width: 8, unit: 'ops' }, [
            ['{{broker}} {{reason}}', `sum by (broker, reason) (rate(wallance_broker_dropped_messages_total${RATE}))`],
          ]),
          graph({ title: 'Waiting', description: 'Copies that wait for their session.', width: 8 }, [
            ['{{broker}}', 'sum by (broker) (wallance_broker_waiting_messages)'],
          ]),
          graph(
            { title: 'CPU', description: 'Of brokers and lab process; 1 is a core.', width: 8, unit: 'percentunit' },
            [
              [
                '{{broker}} broker',
                `sum by (broker) (rate(wallance_broker_cpu_seconds_total{broker="fabric"}${RATE}))`,
              ],
              ['lab', `sum(rate(wallance_lab_cpu_seconds_total${RATE}))`],
            ],
          ),
          graph(
            { title: 'Memory', description: 'Resident memory of brokers and lab process.', width: 8, unit: 'bytes' },
            [
              ['{{broker}} broker', 'sum by (broker) (wallance_broker_resident_memory_bytes{broker="fabric"})'],
              ['lab', 'sum(wallance_lab_resident_memory_bytes)'],
            ],
          ),
        ],
      },
    ]),
  };
}
