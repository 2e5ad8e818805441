/**
 * Program of a broker: in a process, which broker-process.ts starts and talks to over IPC, or in a container, where the
 * same messages are JSON lines on standard input and output. Its options, passwords among them, come as the first
 * message: they are in no argument, no environment and no file. It ends with whoever started it: when the channel
 * closes, on request, on SIGTERM. An interrupt from the terminal reaches the whole process group and is left to the
 * parent, which still wants to read from the nodes.
 */
import { createInterface } from 'node:readline';
import type { FromBroker, ToBroker } from './broker-messages.ts';
import { EmbeddedBroker } from './embedded-broker.ts';

const forked = process.send !== undefined;
let broker: EmbeddedBroker | null = null;
let ending = false;

function tell(message: FromBroker): void {
  if (!forked) process.stdout.write(`${JSON.stringify(message)}\n`);
  else if (process.connected) process.send?.(message);
}

async function start(options: Extract<ToBroker, { kind: 'start' }>['options']): Promise<void> {
  broker = new EmbeddedBroker(options);
  try {
    tell({ kind: 'ready', port: await broker.start() });
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    await end();
  }
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await broker?.stop();
  // Nothing is left that would keep the process alive.
  if (!forked) process.stdin.destroy();
  else if (process.connected) process.disconnect();
}

function take(message: ToBroker): void {
  if (message.kind === 'start') void start(message.options);
  else if (message.kind === 'stop') void end();
  else if (broker !== null) tell({ kind: 'stats', id: message.id, stats: broker.stats() });
}

if (forked) {
  process.on('message', take);
  process.on('disconnect', () => void end());
} else {
  createInterface({ input: process.stdin })
    .on('line', (line) => take(JSON.parse(line) as ToBroker))
    .on('close', () => void end());
}
process.on('SIGTERM', () => void end());
process.on('SIGINT', () => {});
