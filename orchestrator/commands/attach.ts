/**
 * `wallance attach`: a lab over fabric and nodes that somebody else started, docker compose for instance. It hosts the
 * control broker that the nodes connect to, and serves `status`, `buy` and the others like every lab.
 */
import { resolve } from 'node:path';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { Failure } from '../failure.ts';
import { newPlan } from '../lab/kept-lab.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import { DASHBOARD_FLAGS, requestedDashboard } from './dashboard-flags.ts';
import { LAB_FLAG, PLAN_FLAGS, requestedLab, SENSOR_FLAGS } from './lab-flags.ts';
import { requirePrivate, SERVICE_FLAGS, startHeartbeat } from './service-flags.ts';
import { describeEvent } from './up.ts';

const HTTP = { type: 'text', default: null, value: 'URL' } as const;

export const attachCommand = defineCommand({
  name: 'attach',
  summary: 'Observe and command nodes that were started elsewhere',
  flags: {
    lab: LAB_FLAG,
    ...PLAN_FLAGS,
    ...SENSOR_FLAGS,
    ...SERVICE_FLAGS,
    ...DASHBOARD_FLAGS,
    port: {
      type: 'integer',
      min: 0,
      max: 65_535,
      default: 1884,
      value: 'PORT',
      help: 'port of the control broker, which nodes connect to; 0: any',
    },
    fabric: {
      ...HTTP,
      pattern: /^mqtts?:\/\/[^\s/@]+$/,
      expected: 'mqtt://host:port',
      help: 'where the nodes’ fabric is; shown, never connected to',
    },
    'fabric-stats': {
      ...HTTP,
      pattern: /^http:\/\/[^\s@]+$/,
      expected: 'http://host:port/',
      help: 'where its broker tells what it counts',
    },
  },
  examples: ['wallance attach --nodes 8 --credentials /credentials --fabric mqtt://broker:1883'],
  details: [
    'Stays until it is stopped. Healthy once every node has been ready. It starts and ends nothing: stop and start of a node are refused with what to use instead.',
  ],
  perform: async (context, parsed) => {
    const { flags } = parsed;
    requirePrivate(flags);
    if (flags.credentials === null) throw new Failure('usage', '--credentials: expected a directory, got nothing');
    if (flags.fabric === null) throw new Failure('usage', '--fabric: expected mqtt://host:port, got nothing');
    const { terminal, signal } = context;
    const [companion, { LabProcess }, { AttachedRuntime }, { labCredentials }] = await Promise.all([
      requestedDashboard(parsed, context.cwd, (text) => terminal.note(text)),
      import('../lab/lab-process.ts'),
      import('../runtimes/attached.ts'),
      import('../lab/seat-credentials.ts'),
    ]);
    const requested = {
      ...requestedLab(parsed, context.cwd),
      nodes: flags.nodes,
      external: flags.nodes,
      attached: true as const,
    };
    const seats = Array.from({ length: flags.nodes }, (_, index) => String(index + 1));
    const fabric = { url: flags.fabric, statsUrl: flags['fabric-stats'] };
    const missing = new Set(seats);
    const waiting = (): string[] => (missing.size === 0 ? [] : [`not ready yet: nodes ${[...missing].join(', ')}`]);
    const heartbeat = startHeartbeat(flags.heartbeat, terminal, waiting);
    try {
      const lab = await LabProcess.start({
        directory: new LabDirectory(context.home, flags.lab),
        plan: (kept) => {
          if (kept !== null && kept.attached !== true)
            throw new Failure('usage', `--lab: expected one that is not of wallance up, got ${flags.lab}`);
          // The wallets are the nodes' own: nothing here has to stay as it was.
          return newPlan(flags.lab, requested);
        },
        ...(companion === null ? {} : { companion }),
        runtime: () => new AttachedRuntime(fabric),
        inherited: context.inherited,
        credentials: labCredentials(resolve(context.cwd, flags.credentials), seats),
        control: { host: flags.listen, port: flags.port },
        signal,
        onEvent: (event) => {
          if (event.kind === 'ready' && missing.delete(event.node)) heartbeat.beat();
          terminal.line(`${new Date().toISOString()} ${describeEvent(event)}`);
        },
      });
      if (lab === null) throw new Failure('environment', `another process runs lab ${flags.lab}`);
      if (lab.summary.dashboardUrl !== null)
        terminal.line(`${new Date().toISOString()} page and API at ${lab.summary.dashboardUrl}`);
      const failure = await lab.ended();
      // Stopping it is how it ends.
      if (failure !== null && failure.code !== 'interrupted') throw failure;
      return EXIT.pass;
    } finally {
      heartbeat.close();
    }
  },
});
