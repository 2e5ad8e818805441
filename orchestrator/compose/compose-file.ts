/**
 * compose/compose.yaml as text: what of it can follow from the configuration of a lab does, so that neither the number
 * of nodes nor a variable has to be kept right in several places by hand. Pure; generate.ts writes it, a test compares.
 */
import { stringify } from 'yaml';
import { invariant } from '../../node/protocol/invariant.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import { planLab } from '../lab/lab-plan.ts';
import { nodeEnvironment } from '../runtimes/node-environment.ts';
import { prometheusConfig } from './prometheus-config.ts';

/** The user of the images. */
const UID = 10_001;
const FABRIC_PORT = 1883;
const CONTROL_PORT = 1884;
const STATS_PORT = 8081;
/** Of the page, its API and the lab's metrics. */
const HTTP_PORT = 8420;
/** Of each node's HTTP interface, which no port of the machine leads to. */
const NODE_HTTP_PORT = 8080;
const PROMETHEUS_PORT = 9090;
const GRAFANA_PORT = 3000;
/** Users of the images, as they are published. */
const PROMETHEUS_USER = '65534:65534';
const GRAFANA_USER = '472:472';
const HEARTBEAT = '/dev/shm/wallance-heartbeat';
const NODES = 8;

const HEAD = `# A lab in containers: a broker, ${NODES} nodes, and a lab that observes and commands them.
#
# Written by \`npm run compose:generate\` (orchestrator/compose/compose-file.ts): do not edit it by hand.
#
#   docker compose up --wait                            build the images where they are missing, start, wait for health
#   docker compose exec lab wallance status             who holds what
#   docker compose exec lab wallance buy 3 espresso --wait
#   docker compose port lab 8420                        where its page is; changes there need a token:
#   docker compose exec lab cat /data/labs/lab/dashboard-token
#   docker compose stop node-3                          and start, kill, logs: nodes are compose's, not the lab's
#   docker compose down --volumes                       stop, and remove everything
#   COMPOSE_PROFILES=observability docker compose up --wait    the same with Prometheus and Grafana (README.md)
#
# Passwords: \`credentials\` runs once, draws them and deals them out, a volume for each part. A file secret would have
# to be there before the first start, and one volume for all with a subpath for each needs a newer engine than many
# have; so a node is given its own volume, and none that holds the password of another.
#
# Process 1 of every container is the image's own tini, hence no \`init\`.
`;

/** Held by every container. */
const CONFINED = {
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
};

const health = (startSeconds: number) => ({
  interval: '2s',
  timeout: '3s',
  retries: 5,
  start_period: `${startSeconds}s`,
});

const limits = (cpus: string, memory: string, pids: number) => ({
  deploy: { resources: { limits: { cpus, memory, pids } } },
});

/** Where an image is taken from, for compose to fill in. */
const variable = (name: string, otherwise: string): string => `\${${name}:-${otherwise}}`;
const BASE_IMAGE = variable('BASE_IMAGE', 'node:24-bookworm-slim');

/** Never pulled: it is built here, by the one service that has {@link build}, before any container is made. */
const image = (target: 'node' | 'lab') => ({
  image: variable(`WALLANCE_${target.toUpperCase()}_IMAGE`, `wallance-${target}:local`),
  pull_policy: 'never',
});

const build = (target: 'node' | 'lab') => ({
  build: {
    context: '..',
    dockerfile: 'docker/Dockerfile',
    target,
    args: {
      BASE_IMAGE,
      BUILD_IMAGE: variable('BUILD_IMAGE', BASE_IMAGE),
    },
  },
});

/** The lab of the file: everything is started elsewhere, seen from the lab. */
export function composedPlan(): LabPlan {
  const result = planLab({
    lab: 'lab',
    nodes: NODES,
    external: NODES,
    attached: true,
    profile: 'paper',
    parameters: {},
    services: null,
    sensors: null,
    durability: 'process',
    qos: 1,
    seed: '1',
  });
  invariant(result.ok, 'the lab of the compose file has a plan');
  return result.plan;
}

export function composeFile(plan: LabPlan = composedPlan()): string {
  const nodes = plan.seats.map((seat) => ({ seat, service: `node-${seat.seat}` }));
  const labArguments = ['--lab', plan.lab, '--nodes', String(nodes.length)];
  const lab = {
    ...image('lab'),
    ...CONFINED,
    restart: 'unless-stopped',
    environment: { WALLANCE_HEARTBEAT_FILE: HEARTBEAT },
  };
  const listen = ['--credentials', '/credentials', '--listen', '0.0.0.0', '--unencrypted', '--heartbeat', HEARTBEAT];
  const dealt = { credentials: { condition: 'service_completed_successfully' } };

  const credentials = {
    image: image('lab').image,
    ...build('lab'),
    ...CONFINED,
    // Writes what is the property of another user; everything else a superuser may do is dropped.
    user: '0:0',
    cap_add: ['CHOWN'],
    network_mode: 'none',
    restart: 'no',
    command: ['credentials', '--nodes', String(nodes.length), '--owner', String(UID), '/credentials'],
    tmpfs: ['/data'],
    volumes: ['all', 'broker', 'lab', ...nodes.map(({ service }) => service)].map(
      (part) => `credentials-${part}:/credentials/${part}`,
    ),
    ...limits('1.0', '256M', 64),
  };
  const broker = {
    ...lab,
    command: ['broker', ...labArguments, ...listen, '--port', String(FABRIC_PORT), '--stats-port', String(STATS_PORT)],
    depends_on: dealt,
    healthcheck: { test: ['CMD', 'node-health'], ...health(30) },
    networks: ['fabric'],
    // On this machine only; a port that is free unless one is asked for: docker compose port broker 1883.
    ports: [`127.0.0.1:\${WALLANCE_FABRIC_PORT:-}:${FABRIC_PORT}`],
    tmpfs: ['/data'],
    volumes: ['credentials-broker:/credentials:ro'],
    stop_grace_period: '10s',
    ...limits('1.0', '256M', 128),
  };
  const attached = {
    ...lab,
    command: [
      'attach',
      ...labArguments,
      ...listen,
      '--port',
      String(CONTROL_PORT),
      '--fabric',
      `mqtt://broker:${FABRIC_PORT}`,
      '--fabric-stats',
      `http://broker:${STATS_PORT}/`,
      '--http',
      `0.0.0.0:${HTTP_PORT}`,
    ],
    depends_on: dealt,
    healthcheck: { test: ['CMD', 'node-health'], ...health(60) },
    networks: ['fabric', 'control'],
    // As the broker's, but where Grafana's links lead when there is one. Within the container it is bound to more than
    // loopback, so that changes need the token.
    ports: [`127.0.0.1:\${WALLANCE_HTTP_PORT:-\${COMPOSE_PROFILES:+${HTTP_PORT}}}:${HTTP_PORT}`],
    volumes: ['lab:/data', 'credentials-lab:/credentials:ro'],
    stop_grace_period: '10s',
    ...limits('1.0', '256M', 128),
  };

  const shared: Record<string, string> = {};
  const own = new Map<string, Record<string, string>>();
  for (const { seat, service } of nodes) {
    const variables = nodeEnvironment(plan, seat, {
      fabricUrl: `mqtt://broker:${FABRIC_PORT}`,
      fabricPasswordFile: '/credentials/fabric',
      controlUrl: `mqtt://lab:${CONTROL_PORT}`,
      controlPasswordFile: '/credentials/control',
      dataDirectory: '/data',
    });
    const { WALLANCE_NODE, WALLANCE_SEAT, ...rest } = variables;
    own.set(service, { WALLANCE_NODE: WALLANCE_NODE!, WALLANCE_SEAT: WALLANCE_SEAT! });
    // What looks like a variable to compose is text here.
    for (const [name, value] of Object.entries(rest)) shared[name] = value.replaceAll('$', '$$$$');
  }
  shared.WALLANCE_HTTP_HOST = '0.0.0.0';
  shared.WALLANCE_HTTP_PORT = String(NODE_HTTP_PORT);
  const node = {
    ...image('node'),
    ...CONFINED,
    restart: 'unless-stopped',
    depends_on: { ...dealt, broker: { condition: 'service_healthy' }, lab: { condition: 'service_started' } },
    healthcheck: health(60),
    networks: ['fabric', 'control'],
    stop_grace_period: '10s',
    ...limits('1.0', '160M', 64),
  };

  const services = nodes.map(
    ({ service }, index) =>
      `  ${service}:\n    <<: *node\n` +
      (index === 0 ? indented(yaml({ pull_policy: 'missing', ...build('node') }), 4) : '') +
      indented(
        `environment:\n  <<: *node-environment\n${indented(yaml(own.get(service)), 2)}` +
          yaml({ volumes: [`${service}:/data`, `credentials-${service}:/credentials:ro`] }),
        4,
      ),
  );
  const volumes = ['lab', ...nodes.map(({ service }) => service)].concat(
    ['all', 'broker', 'lab', ...nodes.map(({ service }) => service)].map((part) => `credentials-${part}`),
    ['prometheus', 'grafana'],
  );
  return [
    HEAD,
    `x-node: &node\n${indented(yaml(node), 2)}`,
    `x-node-environment: &node-environment\n${indented(yaml(shared), 2)}`,
    `services:\n${indented(yaml({ credentials }), 2)}\n${indented(yaml({ broker }), 2)}\n${indented(yaml({ lab: attached }), 2)}`,
    ...services,
    ...observers().map((service) => indented(yaml(service), 2)),
    yaml({ networks: { fabric: {}, control: { internal: true }, observability: {} } }),
    yaml({ volumes: Object.fromEntries(volumes.map((name) => [name, {}])) }),
  ].join('\n');
}

/** Of the profile `observability`: nothing of them starts without it. */
function observers(): Record<string, unknown>[] {
  const observer = { ...CONFINED, profiles: ['observability'], restart: 'unless-stopped', stop_grace_period: '10s' };
  const file = (source: string, target: string): string => `./observability/${source}:${target}:ro`;
  return [
    {
      prometheus: {
        image: variable('PROMETHEUS_IMAGE', 'prom/prometheus:v3.5.0'),
        ...observer,
        user: PROMETHEUS_USER,
        command: [
          '--config.file=/etc/prometheus/prometheus.yml',
          '--storage.tsdb.path=/prometheus',
          '--storage.tsdb.retention.time=15d',
        ],
        healthcheck: {
          test: ['CMD', 'wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${PROMETHEUS_PORT}/-/ready`],
          ...health(30),
        },
        // Nodes are on a network without a way out; the other one has the port.
        networks: ['control', 'observability'],
        ports: [`127.0.0.1:\${WALLANCE_PROMETHEUS_PORT-${PROMETHEUS_PORT}}:${PROMETHEUS_PORT}`],
        volumes: [
          file('prometheus/prometheus.yml', '/etc/prometheus/prometheus.yml'),
          file('prometheus/rules', '/etc/prometheus/rules'),
          'prometheus:/prometheus',
        ],
        ...limits('1.0', '512M', 64),
      },
    },
    {
      grafana: {
        image: variable('GRAFANA_IMAGE', 'grafana/grafana:12.1.1'),
        ...observer,
        user: GRAFANA_USER,
        depends_on: { prometheus: { condition: 'service_healthy' } },
        environment: {
          // Whoever reaches the port may look; nobody can log in and change what files say.
          GF_AUTH_ANONYMOUS_ENABLED: 'true',
          GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
          GF_AUTH_BASIC_ENABLED: 'false',
          GF_AUTH_DISABLE_LOGIN_FORM: 'true',
          // Nothing is fetched or told: a lab may have no way out.
          GF_PLUGINS_PREINSTALL_DISABLED: 'true',
          GF_ANALYTICS_REPORTING_ENABLED: 'false',
          GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
          GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
          GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: '/etc/wallance/dashboards/lab.json',
        },
        healthcheck: {
          test: ['CMD', 'wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${GRAFANA_PORT}/api/health`],
          ...health(60),
        },
        networks: ['observability'],
        ports: [`127.0.0.1:\${WALLANCE_GRAFANA_PORT-${GRAFANA_PORT}}:${GRAFANA_PORT}`],
        tmpfs: ['/tmp'],
        volumes: [
          file('grafana/provisioning', '/etc/grafana/provisioning'),
          file('grafana/dashboards', '/etc/wallance/dashboards'),
          'grafana:/var/lib/grafana',
        ],
        ...limits('1.0', '512M', 128),
      },
    },
  ];
}

/** What Prometheus scrapes in the lab of the file. */
export function composedPrometheus(plan: LabPlan = composedPlan()): string {
  return prometheusConfig({
    lab: `lab:${HTTP_PORT}`,
    nodes: plan.seats.map(({ seat, node }) => ({
      address: `node-${seat}:${NODE_HTTP_PORT}`,
      labels: { lab: plan.lab, seat, node },
    })),
    rules: ['rules/*.yml'],
    intervalSeconds: 5,
    head: ['Of the profile observability of ../../compose.yaml. Written by `npm run compose:generate`.'],
  });
}

/** For a Prometheus of the machine's own beside a lab of `wallance up`. */
export function localPrometheus(): string {
  return prometheusConfig({
    lab: `127.0.0.1:${HTTP_PORT}`,
    nodes: null,
    rules: ['rules/*.yml'],
    intervalSeconds: 5,
    head: [
      'For a Prometheus on this machine beside a lab of `wallance up`. Written by `npm run compose:generate`.',
      'prometheus --config.file=compose/observability/prometheus/local.yml --storage.tsdb.path=/tmp/prometheus',
    ],
  });
}

function yaml(value: unknown): string {
  // The same object at two places is written twice: aliases of the library's own naming would not be read by people.
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, singleQuote: true });
}

function indented(text: string, by: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(by));
}
