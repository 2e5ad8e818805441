/**
 * Where an evaluation is written down, and how it goes on after an interruption: `raw/<id>.json` for each measurement
 * that has been made, `runs/<id>/` for what it left, and `evaluation.json`, which says what is measured on which
 * machine, so that figures of two machines or two versions are never mixed. Files are replaced in one step: what is
 * there is whole.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { Failure, messageOf } from '../failure.ts';
import { writeAtomically } from '../lab/write-atomically.ts';
import { measureHashRate } from '../run/calibrate.ts';
import { describeMachine, type Machine } from '../run/machine.ts';
import { RunDirectory } from '../run/run-directory.ts';
import type { PaperOptions, RawRecord } from './measurement.ts';

const IDENTITY_FILE = 'evaluation.json';
const RAW_FOLDER = 'raw';
const RUNS_FOLDER = 'runs';
/** The folder of an evaluation below `--out` of runs: `paper/<utc>-...`. */
const FOLDER = 'paper';

const OPTIONS = z.object({ quick: z.boolean(), runtime: z.enum(['processes', 'docker']), seed: z.string() });

const IDENTITY = z.object({
  version: z.literal(1),
  options: OPTIONS,
  /** What must be the same for figures to belong together. */
  machine: z.object({
    wallance: z.string(),
    revision: z.string().nullable(),
    node: z.string(),
    arch: z.string(),
    cpu: z.string(),
    cores: z.number(),
    built: z.boolean(),
  }),
  /** When it began: calibration, which differs a little each time it is measured. */
  hashesPerSecond: z.number(),
});

type Identity = z.infer<typeof IDENTITY>;

type WantedIdentity = Omit<Identity, 'hashesPerSecond'>;

const RECORD = z.intersection(
  z.object({ id: z.string(), title: z.string(), options: OPTIONS, at: z.string(), tookMs: z.number() }),
  z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('measured'), data: z.record(z.string(), z.unknown()) }),
    z.object({ outcome: z.literal('not-measured'), reason: z.string() }),
  ]),
);

export class PaperDirectory {
  /** Absolute. */
  readonly path: string;
  /** Something has been measured already. */
  readonly resumed: boolean;
  /** Of this machine when the evaluation began. */
  readonly hashesPerSecond: number;

  private constructor(path: string, resumed: boolean, hashesPerSecond: number) {
    this.path = path;
    this.resumed = resumed;
    this.hashesPerSecond = hashesPerSecond;
    mkdirSync(join(path, RAW_FOLDER), { recursive: true });
    mkdirSync(join(path, RUNS_FOLDER), { recursive: true });
  }

  /**
   * `path`: made where it is not there, continued where an evaluation with these options on this machine and version is
   * in it. Throws a Failure `usage` where something else is, with every difference.
   */
  static at(path: string, options: PaperOptions, machine: Machine = describeMachine()): PaperDirectory {
    const wanted = identityOf(options, machine);
    const kept = readIdentity(path);
    if (kept === null) {
      if (existsSync(path) && (!lstatSync(path).isDirectory() || readdirSync(path).length > 0))
        throw new Failure('usage', `--out: expected an empty directory or one of wallance paper, got ${path}`);
      const hashesPerSecond = measureHashRate();
      const made = new PaperDirectory(path, false, hashesPerSecond);
      made.#write(IDENTITY_FILE, { ...wanted, hashesPerSecond } satisfies Identity);
      return made;
    }
    const differing = differences(kept, wanted);
    if (differing.length > 0)
      throw new Failure(
        'usage',
        [`--out: expected results of the same evaluation in ${path}, got others:`, ...differing].join('\n  '),
      );
    return new PaperDirectory(path, true, kept.hashesPerSecond);
  }

  /**
   * Below `out`: the latest evaluation where it has these options and is of this machine and version, and `unfinished`
   * says so of it; else a new one.
   */
  static latestOrNew(
    out: string,
    options: PaperOptions,
    unfinished: (directory: PaperDirectory) => boolean,
    now: Date,
  ): PaperDirectory {
    const machine = describeMachine();
    const latest = resolvedLink(join(out, FOLDER, 'latest'));
    const kept = latest === null ? null : readIdentity(latest);
    if (kept !== null && differences(kept, identityOf(options, machine)).length === 0) {
      const directory = new PaperDirectory(latest!, true, kept.hashesPerSecond);
      if (unfinished(directory)) return directory;
    }
    const name = `${options.quick ? 'quick' : 'full'}-${options.runtime}`;
    const made = RunDirectory.create(out, FOLDER, name, machine.revision, machine.wallance, now);
    made.link();
    return PaperDirectory.at(made.path, options, machine);
  }

  /** Null where it has not been measured, or its file cannot be read as one. */
  record(id: string): RawRecord | null {
    const parsed = RECORD.safeParse(readJson(join(this.path, RAW_FOLDER, `${id}.json`)));
    return parsed.success && parsed.data.id === id ? parsed.data : null;
  }

  write(record: RawRecord): void {
    this.#write(join(RAW_FOLDER, `${record.id}.json`), record);
  }

  /** The measurement's own directory, made anew and empty. */
  emptied(id: string): { readonly directory: string; readonly relativeDirectory: string } {
    const directory = join(this.path, RUNS_FOLDER, id);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    return { directory, relativeDirectory: relative(this.path, directory).replaceAll('\\', '/') };
  }

  #write(name: string, value: unknown): void {
    const file = join(this.path, name);
    try {
      writeAtomically(file, `${JSON.stringify(value)}\n`, 0o644);
    } catch (cause) {
      throw new Failure('artefacts', `cannot write ${file}: ${messageOf(cause)}`, { cause });
    }
  }
}

function identityOf(options: PaperOptions, machine: Machine): WantedIdentity {
  const { wallance, revision, node, arch, cpu, cores, built } = machine;
  return { version: 1, options, machine: { wallance, revision, node, arch, cpu, cores, built } };
}

/** Null where none is there. */
function readIdentity(path: string): Identity | null {
  const parsed = IDENTITY.safeParse(readJson(join(path, IDENTITY_FILE)));
  return parsed.success ? parsed.data : null;
}

function differences(kept: WantedIdentity, wanted: WantedIdentity): string[] {
  const flat = ({ options, machine }: WantedIdentity): ReadonlyMap<string, unknown> =>
    new Map<string, unknown>([...Object.entries(options), ...Object.entries(machine)]);
  const found = flat(kept);
  return [...flat(wanted)].flatMap(([name, value]) =>
    found.get(name) === value ? [] : [`${name}: expected ${String(value)}, got ${String(found.get(name))}`],
  );
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function resolvedLink(link: string): string | null {
  try {
    return realpathSync(link);
  } catch {
    return null;
  }
}
