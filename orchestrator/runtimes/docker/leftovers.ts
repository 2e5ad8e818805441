/**
 * What runs of labs have left in an engine, found by label alone, and its removal. A run is over when nobody holds the
 * lock of its lab: the kernel releases that with the lab process, however it ended.
 */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Failure, messageOf } from '../../failure.ts';
import { forEachBounded } from '../../lab/for-each-bounded.ts';
import type { LabDirectory } from '../../lab/lab-directory.ts';
import { type LabLock, takeLabLock } from '../../lab/lab-lock.ts';
import type { Engine, Thing } from './engine.ts';
import { LABELS } from './labels.ts';

const AT_A_TIME = 8;

/** Removes `things`: containers, then what only they used. Throws, once all were tried, a Failure with those that stay. */
export async function removeThings(engine: Engine, things: readonly Thing[]): Promise<void> {
  const stay: string[] = [];
  for (const kind of ['container', 'network', 'volume'] as const) {
    await forEachBounded(
      things.filter((thing) => thing.kind === kind),
      AT_A_TIME,
      (thing) =>
        engine.remove(thing).catch((error: unknown) => {
          stay.push(messageOf(error));
        }),
    );
  }
  if (stay.length > 0) throw new Failure('environment', stay.join('\n'));
}

/**
 * Removes what runs of one lab made: all but `except`, or `only` one. Ledgers of a lab that is kept belong to no run and
 * stay. The caller holds the lab's lock.
 */
export async function removeRuns(
  engine: Engine,
  directory: LabDirectory,
  except: string | null,
  only: string | null = null,
): Promise<void> {
  const found = await engine.find(
    `${LABELS.root}=${directory.root}`,
    only === null ? LABELS.run : `${LABELS.run}=${only}`,
  );
  await removeThings(
    engine,
    found.filter(({ labels }) => labels[LABELS.run] !== except),
  );
}

/** Removes everything of one lab, its ledgers too. The caller holds the lab's lock. */
export async function removeLab(engine: Engine, directory: LabDirectory): Promise<void> {
  await removeThings(engine, await engine.find(`${LABELS.root}=${directory.root}`));
}

export interface LeftLab {
  readonly lab: string;
  readonly root: string;
  readonly things: readonly Thing[];
  /** Why it must be left alone; null when it can be removed. */
  readonly alive: string | null;
  /** Its ledgers can be used by nobody: their lab has been removed. */
  readonly orphaned: boolean;
  /** Held until released, where the lab's process has gone. */
  readonly lock: LabLock | null;
}

/** Every lab that has something in the engine; of one name, where that is given. Release the locks. */
export async function leftLabs(engine: Engine, lab: string | null): Promise<readonly LeftLab[]> {
  const things = await engine.find(lab === null ? LABELS.lab : `${LABELS.lab}=${lab}`, LABELS.root);
  const byLab = new Map<string, Thing[]>();
  for (const thing of things) {
    const key = `${thing.labels[LABELS.host]}\u0000${thing.labels[LABELS.root]}`;
    byLab.set(key, [...(byLab.get(key) ?? []), thing]);
  }
  return [...byLab.values()].map((own): LeftLab => {
    const { labels } = own[0]!;
    const root = labels[LABELS.root]!;
    const base = { lab: labels[LABELS.lab]!, root, things: own };
    if (labels[LABELS.host] !== hostname()) {
      const alive = `it was started on machine ${labels[LABELS.host]}`;
      return { ...base, alive, orphaned: false, lock: null };
    }
    if (!existsSync(join(root, 'lab.lock'))) return { ...base, alive: null, orphaned: true, lock: null };
    try {
      const lock = takeLabLock(join(root, 'lab.lock'));
      return { ...base, alive: lock === null ? 'its lab process runs' : null, orphaned: false, lock };
    } catch (error) {
      return { ...base, alive: messageOf(error), orphaned: false, lock: null };
    }
  });
}
