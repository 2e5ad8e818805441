/** `wallance broker`: the fabric alone, as the only program of a container. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import type { EmbeddedBroker } from '../fabric/embedded-broker.ts';
import { Failure, messageOf } from '../failure.ts';
import { LAB_FLAG, PLAN_FLAGS } from './lab-flags.ts';
import { requirePrivate, SERVICE_FLAGS, startHeartbeat } from './service-flags.ts';

const PORT = { type: 'integer', min: 0, max: 65_535 } as const;

export const brokerCommand = defineCommand({
  name: 'broker',
  summary: 'Run a fabric alone, for a lab whose parts are containers',
  flags: {
    lab: LAB_FLAG,
    nodes: PLAN_FLAGS.nodes,
    qos: PLAN_FLAGS.qos,
    ...SERVICE_FLAGS,
    port: { ...PORT, default: 1883, value: 'PORT', help: 'port of the fabric; 0: any' },
    'stats-port': { ...PORT, default: null, value: 'PORT', help: 'HTTP port that tells what the broker counts' },
  },
  examples: ['wallance broker --nodes 8 --credentials /credentials --listen 0.0.0.0 --unencrypted'],
  details: ['Healthy once every seat has its session, so that a node which joins later has missed nothing.'],
  perform: async ({ terminal, cwd, signal }, { flags }) => {
    requirePrivate(flags);
    if (flags.credentials === null) throw new Failure('usage', '--credentials: expected a directory, got nothing');
    const [{ EmbeddedBroker }, { brokerCredentials }, { reserveSessions }] = await Promise.all([
      import('../fabric/embedded-broker.ts'),
      import('../lab/seat-credentials.ts'),
      import('../lab/reserve-sessions.ts'),
    ]);
    const seats = Array.from({ length: flags.nodes }, (_, index) => ({
      seat: String(index + 1),
      node: String(index + 1),
    }));
    const fabric = brokerCredentials(
      resolve(cwd, flags.credentials),
      seats.map(({ seat }) => seat),
    );
    const broker = new EmbeddedBroker({
      kind: 'fabric',
      lab: flags.lab,
      host: flags.listen,
      port: flags.port,
      accounts: seats.map(({ seat, node }) => ({
        seat,
        identity: node,
        password: fabric.get(seat)!.password,
        role: 'node' as const,
      })),
    });
    let ready = false;
    const heartbeat = startHeartbeat(flags.heartbeat, terminal, () => (ready ? [] : ['sessions are not open yet']));
    let stats: Server | null = null;
    try {
      const port = await broker.start();
      const plan = { lab: flags.lab, seats, qos: flags.qos === '0' ? 0 : 1 } as const;
      await reserveSessions(`mqtt://${reachable(flags.listen)}:${port}`, plan, { fabric }, signal);
      if (flags['stats-port'] !== null) stats = await serveStats(broker, flags.listen, flags['stats-port']);
      ready = true;
      heartbeat.beat();
      terminal.line(`fabric of lab ${flags.lab} for ${seats.length} nodes on ${flags.listen}:${port}`);
      if (stats !== null) terminal.line(`counters on ${flags.listen}:${(stats.address() as AddressInfo).port}`);
      await aborted(signal);
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      throw new Failure('environment', `the broker does not start: ${messageOf(cause)}`, { cause });
    } finally {
      heartbeat.close();
      stats?.closeAllConnections();
      stats?.close();
      await broker.stop();
    }
    // Stopping it is how it ends.
    return EXIT.pass;
  },
});

function serveStats(broker: EmbeddedBroker, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const found = request.method === 'GET' && request.url === '/';
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(found ? JSON.stringify(broker.stats()) : '{}');
  });
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => done(server));
  });
}

/** Where this process reaches what listens on `address`. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
