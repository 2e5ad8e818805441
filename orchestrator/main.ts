/**
 * The `wallance` command: composition root of the CLI. The only place in the orchestrator that reads the environment
 * and ends the process.
 */
import { join, resolve } from 'node:path';
import { COMMANDS } from './cli/command-list.ts';
import { EXIT } from './cli/exit-code.ts';
import { runCli } from './cli/run-cli.ts';
import { Terminal, type TextStream } from './cli/terminal.ts';
import { PROJECT_VERSION } from './project.ts';

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // The second time somebody is in earnest; what was started ends by itself when this process is gone.
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort();
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // The reader has gone (`| head`): nothing is left to say to it.
  stream.on('error', () => {});
}

/** Of the environment, what the lab and its nodes need: they start programs that services name, and a container engine may be elsewhere. */
const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'DOCKER_HOST',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
];
const inherited = Object.fromEntries(
  INHERITED.flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

const NOWHERE: TextStream = { write: () => true };

const home = process.env.WALLANCE_HOME;
const code = await runCli(
  COMMANDS,
  process.argv.slice(2),
  {
    terminal: new Terminal({
      stdout: process.stdout,
      stderr: process.stderr,
      colourAllowed: (process.env.NO_COLOR ?? '') === '',
    }),
    silent: new Terminal({ stdout: NOWHERE, stderr: NOWHERE, colourAllowed: false }),
    home: home === undefined || home === '' ? join(process.cwd(), '.wallance') : resolve(home),
    cwd: process.cwd(),
    inherited,
    signal: interruption.signal,
    github: process.env.GITHUB_ACTIONS === 'true' ? { stepSummaryFile: process.env.GITHUB_STEP_SUMMARY || null } : null,
  },
  {
    version: PROJECT_VERSION,
    describe: () => `wallance ${PROJECT_VERSION}, Node ${process.version}, ${process.platform} ${process.arch}`,
  },
);

// Pipes are asynchronous: what was printed must be out before the process ends.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((done) => stream.write('', () => done()));
}
process.exit(code);
