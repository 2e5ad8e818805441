/** What a measurement ran on and with: beside every figure, since two machines are not compared without. */
import { cpus, release, totalmem, version } from 'node:os';
import { PROJECT_DEPENDENCIES, PROJECT_VERSION, programFile, projectRevision } from '../project.ts';

export interface Machine {
  readonly wallance: string;
  /** Null outside a repository. */
  readonly revision: string | null;
  readonly node: string;
  readonly dependencies: Readonly<Record<string, string>>;
  /** Nodes run built JavaScript. */
  readonly built: boolean;
  readonly arch: string;
  readonly platform: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    wallance: PROJECT_VERSION,
    revision: projectRevision(),
    node: process.version,
    dependencies: PROJECT_DEPENDENCIES,
    built: programFile('node/host/main').built,
    arch: process.arch,
    platform: process.platform,
    kernel: `${release()} ${version()}`,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
  };
}
