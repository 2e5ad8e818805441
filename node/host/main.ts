/**
 * One node, one process: `node node/host/main.ts`, configured by WALLANCE_* variables (config-variables.ts lists them).
 * The composition root: the only file of node/ that knows signals, streams and exit codes.
 *
 * Exit codes: 0 stopped, 4 the surroundings failed (store, disk, broker refused), 64 bad configuration, 70 a bug.
 */

import { describeProblem } from '../protocol/parameters.ts';
import { readConfig } from './config.ts';
import { MqttConnectionError } from './mqtt-connection.ts';
import { ObservationFileError } from './observation-file.ts';
import { ConfigurationError, RunningNode } from './running-node.ts';
import { StoreError } from './store.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const warn = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const result = readConfig();
  if (!result.ok) {
    for (const problem of result.problems) warn(describeProblem(problem));
    process.exit(64);
  }
  const { config } = result;
  let node: RunningNode | null = null;
  const fail = (error: unknown): void => {
    const { code, text } = explain(error);
    warn(text);
    const left = node?.fail(text.split('\n')[0]!) ?? Promise.resolve();
    void left.finally(() => process.exit(code));
  };
  const stop = (): void => {
    if (node === null) process.exit(0);
    node.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  // Whoever reads our output may go away; the node goes on.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  if (config.parentPipe) process.stdin.on('end', stop).on('error', stop).resume();
  try {
    node = new RunningNode({ config, print, warn, onFatal: fail });
    await node.start();
  } catch (error) {
    fail(error);
  }
}

function explain(error: unknown): { code: number; text: string } {
  if (error instanceof ConfigurationError) return { code: 64, text: error.message };
  if (error instanceof StoreError || error instanceof ObservationFileError || error instanceof MqttConnectionError) {
    return { code: 4, text: error.message };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 70, text: `a bug of the node: ${text}` };
}

await main();
