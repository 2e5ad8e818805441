/** docs/metrics.md as text: the tables are made from the definitions, so that no metric is missing or told otherwise. */
import { LATENCY_BUCKETS_SECONDS, type MetricTable } from '../../node/host/metrics-text.ts';
import { NODE_METRICS } from '../../node/host/node-metrics.ts';
import { LAB_METRICS } from './lab-metric-table.ts';

function tableOf(metrics: MetricTable): string {
  const rows = Object.entries(metrics).map(([name, { type, labels, help }]) => {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${named} | ${help} |\n`;
  });
  return `| metric | type | labels | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}

export function metricsDocument(): string {
  return `# Metrics

Written by \`npm run metrics:generate\` (orchestrator/metrics/metrics-document.ts): do not edit it by hand.

A lab answers \`GET /metrics\` at the address of its page, each node at that of its own HTTP interface. Both speak
Prometheus' text format. Names begin with \`wallance_\`, units are seconds and bytes, counters end in \`_total\` and begin
anew with each life of a process. Labels are bounded by the plan of the lab (seats, nodes, wallets, services) and by lists in
the code; a name that a stranger can choose never becomes one.

| where | address |
|---|---|
| lab of \`wallance up\` | \`http://127.0.0.1:8420/metrics\` |
| nodes of it | \`http://127.0.0.1:8420/metrics/targets\` lists them for Prometheus' HTTP service discovery: each has another port after each start |
| docker compose | \`lab:8420\` and \`node-1:8080\` to \`node-8:8080\` in the networks of the project; the lab on 127.0.0.1:8420 as well |
| containers of \`wallance up --runtime docker\`, boards | the lab's metrics only, unless WALLANCE_HTTP_PORT is set at the node |

To scrape a lab of \`wallance up\` with a Prometheus of the same machine:
\`\`\`
prometheus --config.file=compose/observability/prometheus/local.yml --storage.tsdb.path=/tmp/prometheus
\`\`\`
Prometheus and Grafana beside a lab in containers: [compose/README.md](../compose/README.md). Alerts with what to do about
each: \`compose/observability/prometheus/rules/wallance.yml\`.

While nobody scrapes, a node adds to a few numbers for each message and nothing else; a scrape reads them. A scrape of the
lab asks its brokers, and its nodes at most every five seconds, as an open page does.

The same thing may be seen from two places, and then has two names: \`wallance_votes_total\` is what all nodes told the lab,
\`wallance_node_votes_total\` what one node counted in this life. Never add the two.

## Lab
${tableOf(LAB_METRICS)}
## Nodes
${tableOf(NODE_METRICS)}
Buckets of latencies, seconds: ${LATENCY_BUCKETS_SECONDS.join(', ')}. The clock of \`wallance_decision_latency_seconds\` starts
when the requester has sent its request; an order that waits for units does not count until then.

\`wallance_wallet_divergence\` is what a scrape happens to see: while a value of a sensor is on its way, nodes differ for
milliseconds. Only what stays is a disagreement, and the alert waits for that.
`;
}
