/** Where the page and its API are, as options of the commands that start a lab. */
import { join } from 'node:path';
import type { FlagTable, ParsedArguments } from '../cli/arguments.ts';
import { Failure } from '../failure.ts';
import type { LabCompanion } from '../lab/lab-companion.ts';
import type { LabPlan } from '../lab/lab-plan.ts';

/** Taken where nothing else is said; another one where it is busy. */
const PORT = 8420;
const ADDRESS = /^(?:\[([0-9a-fA-F:]{2,45})\]|([\w.-]{1,253})):(\d{1,5})$/;

export const DASHBOARD_FLAGS = {
  http: {
    type: 'text',
    pattern: ADDRESS,
    expected: 'HOST:PORT',
    default: null,
    value: 'HOST:PORT',
    help: `where the page and its API are, port 0: any; 127.0.0.1:${PORT} or a free port when absent. Elsewhere than on loopback, changes need a token`,
  },
  'no-http': { type: 'switch', help: 'neither page nor API' },
} as const satisfies FlagTable;

/** Null where none is wanted. Throws a Failure for what cannot be meant. */
export async function requestedDashboard(
  { flags }: ParsedArguments<typeof DASHBOARD_FLAGS>,
  cwd: string,
  onTrouble: (text: string) => void,
): Promise<((plan: LabPlan) => LabCompanion) | null> {
  const { http } = flags;
  if (flags['no-http'] && http !== null)
    throw new Failure('usage', '--no-http: expected nothing beside --http, got both');
  if (flags['no-http']) return null;
  const [, six, name = '127.0.0.1', given = String(PORT)] = (http === null ? null : ADDRESS.exec(http)) ?? [];
  const port = Number(given);
  if (port > 65_535) throw new Failure('usage', `--http: expected a port of 0..65535, got ${port}`);
  const { dashboard } = await import('../dashboard/dashboard.ts');
  const options = { host: six ?? name, port, anyPort: http === null, runs: join(cwd, 'runs'), onTrouble };
  return (plan) => dashboard(plan, options);
}
