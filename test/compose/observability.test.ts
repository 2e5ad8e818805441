/**
 * The profile observability as it is committed: made from code, in the shape that Grafana reads, over metrics that
 * exist. Grafana itself is not run; what its queries give is asked of Prometheus in test/metrics.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import type { MetricTable } from '../../node/host/metrics-text.ts';
import { NODE_METRICS } from '../../node/host/node-metrics.ts';
import { dashboardProblems, metricsOf } from '../../orchestrator/compose/dashboards/dashboard-problems.ts';
import { DASHBOARD, DATASOURCE_UID, type Dashboard } from '../../orchestrator/compose/dashboards/dashboard-shape.ts';
import { labDashboard } from '../../orchestrator/compose/dashboards/lab-dashboard.ts';
import { DASHBOARDS, generatedFiles } from '../../orchestrator/compose/generated-files.ts';
import { LAB_METRICS } from '../../orchestrator/metrics/lab-metric-table.ts';
import { PROJECT_ROOT } from '../../orchestrator/project.ts';
import { composeVersion, type ResolvedCompose, resolveCompose } from '../support/compose-config.ts';

const ALL: MetricTable = { ...NODE_METRICS, ...LAB_METRICS };
const committed = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8');
const dashboards = Object.keys(DASHBOARDS).map((name) => {
  const text = committed(`compose/observability/grafana/dashboards/${name}`);
  return [name, JSON.parse(text) as unknown] as const;
});

describe('files that are made from code', () => {
  it('are what npm run compose:generate writes, and no others lie beside the dashboards', () => {
    for (const [path, text] of generatedFiles())
      assert.equal(committed(path), text, `${path} is stale: run npm run compose:generate`);
    assert.deepEqual(
      readdirSync(join(PROJECT_ROOT, 'compose/observability/grafana/dashboards')).sort(),
      Object.keys(DASHBOARDS).sort(),
    );
  });
});

describe('dashboards', () => {
  it('have the shape that Grafana reads, and nothing wrong beyond it', () => {
    for (const [name, dashboard] of dashboards)
      assert.deepEqual(dashboardProblems(DASHBOARD.parse(dashboard), ALL), [], name);
    const uids = dashboards.map(([, dashboard]) => DASHBOARD.parse(dashboard).uid);
    assert.equal(new Set(uids).size, uids.length);
  });

  it('lead from a service to the page that asks before it buys', () => {
    const links = labDashboard().panels.flatMap((panel) =>
      panel.type === 'row'
        ? []
        : panel.fieldConfig.overrides.flatMap(({ matcher, properties }) =>
            properties.flatMap((property) =>
              property.id === 'links' ? property.value.map(({ url }) => [panel.title, matcher.options, url]) : [],
            ),
          ),
    );
    const url = `http://127.0.0.1:8420/#/services?buy=\${__data.fields.service}&node=\${node}`;
    assert.deepEqual(links, [['Services', 'service', url]]);
  });

  it('are refused with what is wrong', () => {
    const problemsOf = (edit: (draft: Dashboard & { panels: { [key: string]: unknown }[] }) => void): string[] => {
      const draft = structuredClone(labDashboard()) as Dashboard & { panels: { [key: string]: unknown }[] };
      edit(draft);
      const read = DASHBOARD.safeParse(draft);
      return read.success
        ? dashboardProblems(read.data, ALL).map(({ path, found }) => `${path} ${found}`)
        : read.error.issues.map(({ path }) => path.join('.'));
    };
    const target = (draft: { panels: { [key: string]: unknown }[] }, index: number): { expr: string } =>
      (draft.panels[index]!.targets as [{ expr: string }])[0];
    const submitted = labDashboard().panels.findIndex(({ title }) => title === 'Submitted and decided');
    const cases: readonly (readonly [Parameters<typeof problemsOf>[0], RegExp])[] = [
      [(draft) => Object.assign(draft.panels[2]!, { id: 1 }), /panels\[2\]\.id 1$/],
      [
        (draft) => Object.assign(draft.panels[2]!, { gridPos: draft.panels[1]!.gridPos }),
        /panels\[2\]\.gridPos that of "Nodes up"$/,
      ],
      [(draft) => Object.assign(draft.panels[1]!, { gridPos: { x: 20, y: 0, w: 5, h: 4 } }), /^panels\.1\.gridPos/],
      [(draft) => Object.assign(target(draft, 1), { expr: 'sum(wallance_nodes_up)' }), /expr wallance_nodes_up$/],
      [
        (draft) => Object.assign(target(draft, 1), { expr: 'wallance_decision_latency_seconds' }),
        /expr wallance_decision_latency_seconds$/,
      ],
      [(draft) => Object.assign(target(draft, 1), { expr: 'sum(wallance_node_up{node="$seat"})' }), /expr \$seat$/],
      [
        (draft) => Object.assign(target(draft, submitted), { expr: 'sum(wallance_votes_total)' }),
        /expr sum\(wallance_votes_total\)$/,
      ],
      [
        (draft) => Object.assign(target(draft, 1), { datasource: { type: 'prometheus', uid: 'other' } }),
        /targets\.0\.datasource\.uid$/,
      ],
      [(draft) => Object.assign(draft.panels[1]!, { gridpos: {} }), /^panels\.1$/],
    ];
    for (const [edit, expected] of cases) {
      const found = problemsOf(edit);
      assert.equal(found.length, 1, found.join('; '));
      assert.match(found[0]!, expected);
    }
  });
});

describe('rules and provisioning', () => {
  it('name metrics that exist, and each alert says what to do', () => {
    const { groups } = parse(committed('compose/observability/prometheus/rules/wallance.yml')) as {
      groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
    };
    for (const { alert, expr, annotations } of groups.flatMap(({ rules }) => rules)) {
      for (const name of metricsOf(expr)) assert.ok(name === 'up' || Object.hasOwn(ALL, name), `${alert}: ${name}`);
      assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'runbook'], alert);
    }
  });

  it('fix the uid that dashboards name, and find the dashboards where they are mounted', () => {
    const place = 'compose/observability/grafana/provisioning';
    const sources = parse(committed(`${place}/datasources/wallance.yaml`)) as {
      datasources: Record<string, unknown>[];
    };
    assert.deepEqual(
      sources.datasources.map(({ uid, url, editable }) => [uid, url, editable]),
      [[DATASOURCE_UID, 'http://prometheus:9090', false]],
    );
    const { providers } = parse(committed(`${place}/dashboards/wallance.yaml`)) as {
      providers: { options: { path: string } }[];
    };
    const { services } = parse(committed('compose/compose.yaml')) as {
      services: Record<string, { volumes: string[] }>;
    };
    const [{ options }] = providers as [{ options: { path: string } }];
    assert.ok(services.grafana!.volumes.includes(`./observability/grafana/dashboards:${options.path}:ro`));
  });
});

const missing = composeVersion() === null && 'docker compose is not installed';
const required = process.env.CI === 'true';

describe('the profile for docker compose', { skip: !required && missing }, () => {
  const resolved: () => ResolvedCompose = () => resolveCompose({ COMPOSE_PROFILES: 'observability' });

  it('adds Prometheus and Grafana, confined like the rest and of pinned images', () => {
    const { services } = resolved();
    assert.equal(services.prometheus === undefined || services.grafana === undefined, false);
    assert.deepEqual(Object.keys(services).length, Object.keys(resolveCompose().services).length + 2);
    const users = { prometheus: '65534:65534', grafana: '472:472' };
    for (const [name, user] of Object.entries(users)) {
      const service = services[name]!;
      assert.equal(service.user, user);
      assert.equal(service.read_only, true);
      assert.deepEqual([service.cap_drop, service.cap_add], [['ALL'], undefined]);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
      assert.match(service.image, /^(prom|grafana)\/\w+:v?\d+\.\d+\.\d+$/);
      const { cpus, memory, pids } = service.deploy?.resources?.limits ?? {};
      assert.ok(Number(cpus) > 0 && Number(memory) > 0 && Number(pids) > 0, name);
      for (const { type, source, read_only } of service.volumes ?? []) {
        if (type !== 'bind') continue;
        assert.equal(read_only, true, `${name}: ${source}`);
        assert.ok(source.startsWith(join(PROJECT_ROOT, 'compose/observability/')) && existsSync(source), source);
      }
    }
  });

  it('opens ports on this machine only, and keeps Grafana away from nodes', () => {
    const { services, networks } = resolved();
    const ports = ['prometheus', 'grafana', 'lab'].map((name) =>
      (services[name]!.ports ?? []).map(({ host_ip, published, target }) => [host_ip, published, target]),
    );
    assert.deepEqual(ports, [
      [['127.0.0.1', '9090', 9090]],
      [['127.0.0.1', '3000', 3000]],
      [['127.0.0.1', '8420', 8420]],
    ]);
    assert.deepEqual(Object.keys(services.grafana!.networks ?? {}), ['observability']);
    assert.deepEqual(Object.keys(services.prometheus!.networks ?? {}).sort(), ['control', 'observability']);
    assert.equal(networks.control?.internal, true);
  });

  it('scrapes every node and the lab where they are', () => {
    const { services } = resolved();
    const { scrape_configs } = parse(committed('compose/observability/prometheus/prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[]; labels?: { node: string } }[] }[];
    };
    const targets = scrape_configs.flatMap(({ static_configs }) => static_configs);
    assert.equal(targets.length, 9);
    for (const {
      targets: [address = ''],
      labels,
    } of targets) {
      const [host = '', port] = address.split(':');
      const { environment = {}, command, networks = {} } = services[host]!;
      assert.ok('control' in networks, host);
      if (labels === undefined) assert.ok(command?.includes(`0.0.0.0:${port}`), address);
      else
        assert.deepEqual(
          [environment.WALLANCE_NODE, environment.WALLANCE_HTTP_HOST, environment.WALLANCE_HTTP_PORT],
          [labels.node, '0.0.0.0', port],
        );
    }
  });
});
