/** Where a run is written down: `<out>/<name>/<utc>-<seed>-<revision>/`, and a link `latest` beside it. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify as yaml } from 'yaml';
import { Failure, messageOf } from '../failure.ts';

export class RunDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes it. `revision` null outside a repository: the version stands for it. */
  static create(
    out: string,
    name: string,
    seed: string,
    revision: string | null,
    version: string,
    now: Date,
  ): RunDirectory {
    const utc = now
      .toISOString()
      .replace(/[-:]/g, '')
      .replace(/\.\d+Z$/, 'Z');
    const plain = (text: string): string => text.replace(/[^A-Za-z0-9.]/g, '_').slice(0, 32);
    const base = join(out, name, `${utc}-${plain(seed)}-${plain(revision?.replace('+', '.dirty') ?? version)}`);
    try {
      mkdirSync(join(out, name), { recursive: true });
      for (let copy = 1; ; copy++) {
        const path = copy === 1 ? base : `${base}.${copy}`;
        try {
          mkdirSync(path);
          return new RunDirectory(path);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
      }
    } catch (cause) {
      throw new Failure('environment', `cannot create ${base}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Folder of one seat's files; made when it is not there. */
  seat(seat: string): string {
    const path = join(this.path, 'nodes', seat);
    mkdirSync(path, { recursive: true });
    return path;
  }

  json(name: string, value: unknown): void {
    this.text(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  yaml(name: string, value: unknown): void {
    this.text(name, yaml(value, { aliasDuplicateObjects: false }));
  }

  /** Throws a Failure `artefacts`, e.g. when the disk is full. */
  text(name: string, content: string): void {
    const file = join(this.path, name);
    try {
      writeFileSync(file, content);
    } catch (cause) {
      throw new Failure('artefacts', `cannot write ${file}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Points `latest` here, in one step. */
  link(): void {
    const link = join(this.path, '..', 'latest');
    const temporary = `${link}.${process.pid}`;
    rmSync(temporary, { force: true });
    symlinkSync(basename(this.path), temporary);
    renameSync(temporary, link);
  }
}
