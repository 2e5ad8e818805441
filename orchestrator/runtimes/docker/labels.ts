/**
 * How things of this project are known again in an engine that others use as well. A lab is its directory on a machine;
 * a run is one life of its lab process. Containers and networks belong to a run, the volumes that hold ledgers to a lab
 * unless the lab is a bounded run's.
 */
import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import type { LabDirectory } from '../../lab/lab-directory.ts';

export const LABELS = {
  lab: 'wallance.lab',
  /** Directory of the lab. */
  root: 'wallance.root',
  /** Name of the machine that has the directory. */
  host: 'wallance.host',
  run: 'wallance.run',
  seat: 'wallance.seat',
  /** `node`, `fabric`, `credentials`, `ledger`. */
  role: 'wallance.role',
} as const;

export type Labels = Readonly<Record<string, string>>;

export function labLabels(directory: LabDirectory): Labels {
  return { [LABELS.lab]: directory.lab, [LABELS.root]: directory.root, [LABELS.host]: hostname() };
}

/** Prefix of all names of a lab: two labs of the same name in two homes do not meet. */
export function namePrefix(directory: LabDirectory): string {
  return `wallance-${directory.lab}-${hash('sha256', directory.root, 'hex').slice(0, 6)}`;
}

/** Volume of a seat's ledger. */
export function ledgerVolume(directory: LabDirectory, seat: string): string {
  return `${namePrefix(directory)}-${seat}`;
}
