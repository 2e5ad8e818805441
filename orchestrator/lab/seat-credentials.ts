/**
 * Passwords of a lab whose parts do not share a file system: drawn once, then dealt out so that each part finds its own
 * and no other. A node can read the two of its seat, the broker those of the fabric, the lab those of control.
 *
 *   <directory>/all/       everything, for the next dealing
 *   <directory>/broker/    fabric-<seat>
 *   <directory>/lab/       control-<seat>, control-lab
 *   <directory>/node-<n>/  fabric, control
 */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { type Credential, type LabCredentials, openCredentials } from './credentials.ts';

/** Draws what is missing and deals everything out, readable by `owner` alone (null: whoever runs this). */
export function dealCredentials(directory: string, seats: readonly string[], owner: number | null): void {
  try {
    const { fabric, control, lab } = openCredentials(join(directory, 'all'), seats);
    const deal = (part: string, passwords: ReadonlyMap<string, Credential>): void => {
      mkdirSync(join(directory, part), { recursive: true });
      for (const [name, { password }] of passwords) write(join(directory, part, name), password, owner);
    };
    const named = (prefix: string, passwords: ReadonlyMap<string, Credential>): ReadonlyMap<string, Credential> =>
      new Map([...passwords].map(([seat, credential]) => [`${prefix}-${seat}`, credential]));
    deal('broker', named('fabric', fabric));
    deal('lab', new Map([...named('control', control), ['control-lab', lab]]));
    for (const seat of seats) {
      deal(
        `node-${seat}`,
        new Map([
          ['fabric', fabric.get(seat)!],
          ['control', control.get(seat)!],
        ]),
      );
    }
  } catch (cause) {
    throw new Failure('environment', `cannot write the credentials: ${messageOf(cause)}`, { cause });
  }
}

/** Replaced as a whole: the file of another owner cannot be written to, and one that is there is never half of one. */
function write(file: string, password: string, owner: number | null): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, password, { mode: 0o400, flag: 'w' });
  chmodSync(temporary, 0o400);
  if (owner !== null) chownSync(temporary, owner, owner);
  renameSync(temporary, file);
}

/** What was dealt to the broker: fabric passwords by seat. Throws a Failure that names every missing file. */
export function brokerCredentials(directory: string, seats: readonly string[]): LabCredentials['fabric'] {
  return readAll(directory, 'fabric', seats);
}

/** What was dealt to the lab. Throws a Failure that names every missing file. */
export function labCredentials(directory: string, seats: readonly string[]): LabCredentials {
  const control = readAll(directory, 'control', [...seats, 'lab']);
  return { fabric: new Map(), control, lab: control.get('lab')! };
}

function readAll(directory: string, prefix: string, names: readonly string[]): ReadonlyMap<string, Credential> {
  const missing = names.map((name) => `${prefix}-${name}`).filter((name) => !existsSync(join(directory, name)));
  if (missing.length > 0) {
    throw new Failure(
      'environment',
      `credentials: expected files ${missing.join(', ')} in ${directory}, which wallance credentials writes`,
    );
  }
  try {
    return new Map(
      names.map((name) => {
        const file = join(directory, `${prefix}-${name}`);
        return [name, { password: readFileSync(file, 'utf8'), file }];
      }),
    );
  } catch (cause) {
    throw new Failure('environment', `cannot read the credentials: ${messageOf(cause)}`, { cause });
  }
}
