/**
 * Program of a broker's process (broker-process.ts starts it). It ends with its parent: when the IPC channel closes, on
 * request, on SIGTERM. An interrupt from the terminal reaches the whole process group and is left to the parent, which
 * still wants to read from the nodes.
 */
import type { FromBroker, ToBroker } from './broker-messages.ts';
import { EmbeddedBroker } from './embedded-broker.ts';

let broker: EmbeddedBroker | null = null;
let ending = false;

function tell(message: FromBroker): void {
  if (process.connected) process.send?.(message);
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
  if (process.connected) process.disconnect();
}

process.on('message', (message: ToBroker) => {
  if (message.kind === 'start') void start(message.options);
  else if (message.kind === 'stop') void end();
  else if (broker !== null) tell({ kind: 'stats', id: message.id, stats: broker.stats() });
});
process.on('disconnect', () => void end());
process.on('SIGTERM', () => void end());
process.on('SIGINT', () => {});
