/** Options of the commands that a container runs as its only program: broker and attached lab. */
import { uptime } from 'node:os';
import { Heartbeat } from '../../node/host/heartbeat.ts';
import { timerSchedule } from '../../node/host/schedule.ts';
import type { FlagTable } from '../cli/arguments.ts';
import type { Terminal } from '../cli/terminal.ts';
import { Failure } from '../failure.ts';
import { isLoopback } from '../lab/loopback.ts';

const PATH = { type: 'text', pattern: /^[^\0]+$/, default: null } as const;

export const SERVICE_FLAGS = {
  credentials: {
    ...PATH,
    expected: 'a directory',
    value: 'DIR',
    help: 'the passwords that wallance credentials dealt',
  },
  listen: {
    type: 'text',
    pattern: /^[0-9A-Za-z.:-]{1,255}$/,
    expected: 'an address or host name',
    default: '127.0.0.1',
    value: 'ADDRESS',
    help: 'address of the port',
  },
  unencrypted: {
    type: 'switch',
    help: 'listen beyond this machine without TLS: for a network of containers that nobody else reaches',
  },
  heartbeat: {
    ...PATH,
    expected: 'a file',
    value: 'FILE',
    help: 'file that says every 2 s whether all is well, for health checks',
  },
} as const satisfies FlagTable;

/** Throws a Failure when passwords and protocol would go over a network in the clear without having been asked to. */
export function requirePrivate(flags: { readonly listen: string; readonly unencrypted: boolean }): void {
  if (flags.unencrypted || isLoopback(flags.listen)) return;
  throw new Failure(
    'usage',
    `--listen: expected a loopback address or --unencrypted beside it, got ${flags.listen} (boards join with wallance up --external, which speaks TLS)`,
  );
}

/** Beats from now on until it is closed; does nothing without a file. */
export function startHeartbeat(
  file: string | null,
  terminal: Terminal,
  unfit: () => readonly string[],
): { readonly beat: () => void; readonly close: () => void } {
  if (file === null) return { beat: () => {}, close: () => {} };
  const heartbeat = new Heartbeat({
    file,
    unfit,
    schedule: timerSchedule,
    uptimeSeconds: uptime,
    onTrouble: (line) => terminal.note(line),
  });
  heartbeat.start();
  return heartbeat;
}
