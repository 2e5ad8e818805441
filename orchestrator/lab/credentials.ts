/**
 * Passwords of a lab: one for each seat on each of the two brokers, and the lab's own. Drawn once, kept in files that
 * only their owner can read, given to nodes as file names and never as arguments.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Credential {
  readonly password: string;
  /** File that holds the password and nothing else. */
  readonly file: string;
}

export interface LabCredentials {
  /** By seat. */
  readonly fabric: ReadonlyMap<string, Credential>;
  /** By seat. */
  readonly control: ReadonlyMap<string, Credential>;
  /** The lab's own on the control broker. */
  readonly lab: Credential;
}

/** Reads the credentials below `directory`, drawing those that are missing. */
export function openCredentials(directory: string, seats: readonly string[]): LabCredentials {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const open = (name: string): Credential => {
    const file = join(directory, name);
    if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
    return { password: readFileSync(file, 'utf8'), file };
  };
  return {
    fabric: new Map(seats.map((seat) => [seat, open(`fabric-${seat}`)])),
    control: new Map(seats.map((seat) => [seat, open(`control-${seat}`)])),
    lab: open('control-lab'),
  };
}
