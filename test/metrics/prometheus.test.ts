/** A real lab of real processes, scraped by a real Prometheus: every metric is there, and what should move moves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { METRICS_MEDIA_TYPE, type MetricTable } from '../../node/host/metrics-text.ts';
import { NODE_METRICS } from '../../node/host/node-metrics.ts';
import type { Dashboard } from '../../orchestrator/compose/dashboards/dashboard-shape.ts';
import { DASHBOARDS } from '../../orchestrator/compose/generated-files.ts';
import { prometheusConfig } from '../../orchestrator/compose/prometheus-config.ts';
import { LAB_METRICS } from '../../orchestrator/metrics/lab-metric-table.ts';
import { PROJECT_ROOT } from '../../orchestrator/project.ts';
import { CommandLine } from '../support/command-line.ts';
import { Prometheus, prometheusMissing, promtool } from '../support/prometheus.ts';
import { eventually } from '../support/waiting.ts';

const RULES = join(PROJECT_ROOT, 'compose/observability/prometheus/rules/*.yml');
/** Scrapes are a second apart, and the machine may be busy. */
const SEEN_MS_MAX = 30_000;
const LOOK_MS = 100;

const ALL: MetricTable = { ...NODE_METRICS, ...LAB_METRICS };

/** As Grafana would ask them for all nodes; rates over a minute, so that all of the test is in them. */
function expressionsOf({ panels }: Dashboard): string[] {
  return panels.flatMap((panel) =>
    panel.type === 'row'
      ? []
      : panel.targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '60s').replaceAll('$node', '.*')),
  );
}

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  assert.equal(response.headers.get('content-type')?.replaceAll(' ', ''), METRICS_MEDIA_TYPE.replaceAll(' ', ''));
  return response.text();
}

describe('a lab under Prometheus', { skip: prometheusMissing }, () => {
  it('has every metric scraped from lab and nodes, and purchases, faults and work move them', async (t) => {
    const cli = new CommandLine();
    t.after(() => cli.run('down', '--volumes'));
    const up = await cli.json<{ readonly dashboardUrl: string }>(
      ...['up', '--nodes', '3', '--no-sensors', '--http', '127.0.0.1:0'],
    );
    const page = new URL(up.dashboardUrl);
    const config = prometheusConfig({ lab: page.host, nodes: null, rules: [RULES], intervalSeconds: 1, head: [] });
    const prometheus = await Prometheus.start(t, config);
    const until = (expression: string, wanted: (value: number) => boolean) =>
      eventually(
        async () => {
          const value = await prometheus.sum(expression);
          return value !== null && wanted(value) ? { value } : null;
        },
        expression,
        SEEN_MS_MAX,
        LOOK_MS,
      );
    const is = (expression: string, value: number) => until(expression, (found) => found === value);

    await is('up{job="wallance-lab"}', 1);
    await is('up{job="wallance-nodes"}', 3);
    await is('wallance_node_up', 3);
    await is('wallance_node_view_n', 9);
    await is('wallance_node_n{node=~"1|2|3"}', 9);
    await is('wallance_requests_submitted_total', 0);
    const labels = (await prometheus.query('wallance_node_ready'))[0]!.metric;
    assert.deepEqual([labels.lab, labels.job], ['lab', 'wallance-nodes']);

    await cli.ok('sample', '3', '--count', '45');
    await is('wallance_supply_units', 45);
    await is('wallance_node_supply_units', 3 * 45);
    await is('wallance_wallet_units{wallet="3"}', 45);
    assert.notEqual((await cli.run('buy', '1', 'espresso')).code, 0, 'node 1 has nothing');
    // Each is a request of node 3 with the votes of the two others.
    for (const service of ['espresso', 'Tea']) await cli.ok('buy', '3', service, '--wait');

    await is('wallance_requests_submitted_total{node="3",seat="3"}', 2);
    await is('wallance_requests_decided_total{service="espresso"}', 1);
    await is('wallance_decisions_total', 6);
    await is('wallance_node_decisions_total', 6);
    await is('wallance_orders_refused_total{reason="insufficient-funds"}', 1);
    await is('wallance_node_orders_total{outcome="refused",node="1"}', 1);
    await is('wallance_decision_latency_seconds_count{scope="requester"}', 2);
    await is('wallance_decision_latency_seconds_count{scope="all"}', 2);
    await is('wallance_node_decision_latency_seconds_count{node="3"}', 2);
    await until('wallance_node_decision_latency_seconds_sum', (seconds) => seconds > 0 && seconds < 60);
    await is('wallance_node_requests_submitted_total', 2);
    await is('wallance_node_requests_decided_total', 2);
    await is('wallance_node_votes_cast_total', 4);
    // Two votes for each of two requests arrive at each of three nodes; those after a quorum are late.
    await is('wallance_votes_total', 12);
    await is('wallance_node_votes_total', 12);
    await until('wallance_node_votes_total{status="counted"}', (votes) => votes >= 6);
    await is('wallance_messages_total{class="vote"}', 4);
    await is('wallance_messages_total{class="request",node="3"}', 2);
    await is('wallance_node_messages_total{direction="received",class="sensor"}', 3 * 45);
    await until('wallance_node_payload_bytes_total{direction="sent",class="vote"}', (bytes) => bytes > 4 * 50);
    await is('wallance_broker_messages_total{broker="fabric",direction="received",class="consensus"}', 6);
    await is('wallance_broker_messages_total{broker="fabric",direction="delivered",class="consensus"}', 18);
    await until('wallance_broker_payload_bytes_total{broker="fabric",class="consensus"}', (bytes) => bytes > 0);
    // A request of node 3 and a vote of each other, twice: at least one hash for each.
    await until('wallance_node_work_hashes_total', (hashes) => hashes >= 6);
    await until('wallance_node_work_seconds_total', (seconds) => seconds > 0);
    for (const name of ['node_cpu_seconds_total', 'lab_cpu_seconds_total', 'broker_cpu_seconds_total'])
      await until(`wallance_${name}`, (seconds) => seconds > 0);
    for (const name of ['node_resident_memory_bytes', 'node_database_bytes', 'lab_resident_memory_bytes'])
      await until(`wallance_${name}`, (bytes) => bytes > 10_000);
    await is('wallance_wallet_divergence', 0);
    await is('wallance_requests_stuck', 0);

    for (const node of ['1', '2']) await cli.ok('stop', node);
    await is('wallance_node_up', 1);
    // Nobody is there to vote: looked at after five seconds.
    assert.notEqual((await cli.run('buy', '3', 'Tea', '--timeout', '1')).code, 0);
    await is('wallance_requests_open', 1);
    await is('wallance_requests_stuck{reason="lost"}', 1);
    await is('wallance_node_requests_open{node="3"}', 1);
    await until('wallance_node_oldest_open_request_seconds{node="3"}', (seconds) => seconds > 5);
    await until('wallance_broker_waiting_messages{broker="fabric"}', (messages) => messages > 0);
    await is('ALERTS{alertname="WallanceNodeDown"}', 2);
    await is('ALERTS{alertname="WallanceRequestStuck"}', 1);

    for (const dashboard of Object.values(DASHBOARDS)) {
      for (const expression of expressionsOf(dashboard())) {
        const series = await prometheus.query(expression);
        assert.ok(series.length > 0, `nothing is shown for ${expression}`);
      }
    }

    const heard = await prometheus.metadata();
    const types = Object.fromEntries(Object.keys(ALL).map((name) => [name, heard.get(name)]));
    assert.deepEqual(types, Object.fromEntries(Object.entries(ALL).map(([name, { type }]) => [name, type])));
    assert.deepEqual(
      [...heard.keys()].filter((name) => name.startsWith('wallance_') && !Object.hasOwn(ALL, name)),
      [],
    );
    const rules = await prometheus.rules();
    assert.ok(rules.length >= 7 && rules.every((rule) => rule.endsWith(' ok')), rules.join(', '));

    const [target] = (await (await fetch(new URL('/metrics/targets', page))).json()) as [{ targets: [string] }];
    for (const url of [new URL('/metrics', page).href, `http://${target.targets[0]}/metrics`]) {
      const { ok, output } = promtool(['check', 'metrics'], await text(url));
      assert.deepEqual([ok, output], [true, ''], url);
    }
  });
});

describe('promtool', { skip: prometheusMissing }, () => {
  const file = (name: string) => join(PROJECT_ROOT, 'compose/observability/prometheus', name);
  const passes = (...args: readonly string[]) => {
    const { ok, output } = promtool(args);
    assert.ok(ok, output);
    return output;
  };

  it('takes the rules, and finds that they fire when they should and only then', () => {
    assert.match(passes('check', 'rules', file('rules/wallance.yml')), /SUCCESS: \d+ rules found/);
    assert.match(passes('test', 'rules', file('tests/wallance.yml')), /SUCCESS/);
    const tests = readFileSync(file('tests/wallance.yml'), 'utf8');
    const alerts = [...readFileSync(file('rules/wallance.yml'), 'utf8').matchAll(/alert: (\w+)/g)].map(
      ([, name]) => name,
    );
    for (const name of alerts)
      assert.match(tests, new RegExp(`alertname: ${name}\\n +exp_alerts:\\n +- exp_labels`), `${name} is seen firing`);
  });

  it('takes both configurations', () => {
    for (const name of ['prometheus.yml', 'local.yml']) passes('check', 'config', '--syntax-only', file(name));
  });
});
