/**
 * `wallance replay`: drives what a run recorded through the code of today and compares. A simulated run is run again as
 * a whole; of a run of real nodes each node's inputs go through a core.
 */
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { defineCommand } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { Failure, messageOf } from '../failure.ts';
import type { LiveReplay } from '../replay/replay-live-run.ts';
import type { SeatReplay } from '../replay/replay-seat.ts';
import type { Replay } from '../replay/replay-simulated-run.ts';

export const replayCommand = defineCommand({
  name: 'replay',
  summary: 'Drive a recorded run through the core again and compare',
  flags: { json: { type: 'switch', help: 'print the outcome as JSON' } },
  positionals: [
    {
      name: 'run-dir',
      help: 'the directory of a run, a link to it (latest), or the one of its scenario',
      required: true,
    },
  ],
  examples: ['wallance run split-5-3 --runtime simulated --seed 7', 'wallance replay runs/split-5-3/latest'],
  details: [
    'A simulated run is run again from scenario.resolved.yaml; history.ndjson and events.ndjson are compared byte by byte, and the first line that differs is shown.',
    'Of a run of processes or containers the inputs in each nodes/SEAT/observations.ndjson go through a core, and everything that the node did, line by line, must be what the core does, up to clocks; so must the final report. The first line that differs is shown for each node. Byzantine nodes are left out. A node that was killed between a commit and its lines has lost lines and no state: they are found again by what the fabric delivered once more, and this is said.',
    'Nothing in the directory is changed. Exit code 0 when all is the same, 1 when it is not, 2 when no node could be compared, 3 when a part of the run is missing, 64 when there is no run.',
  ],
  perform: async ({ terminal, cwd }, { flags, positionals }) => {
    const { loadRun } = await import('../checks/load-run.ts');
    const run = loadRun(resolve(cwd, positionals[0]!));
    const shown = relative(cwd, run.directory) || '.';
    if (runtimeOf(join(run.directory, 'manifest.json')) === 'simulated') {
      const { replaySimulatedRun } = await import('../replay/replay-simulated-run.ts');
      const replay = replaySimulatedRun(run);
      if (flags.json) terminal.json(replay);
      else printSimulated(terminal, shown, replay);
      return replay.difference === null ? EXIT.pass : EXIT.failed;
    }
    const { replayLiveRun } = await import('../replay/replay-live-run.ts');
    const replay = replayLiveRun(run);
    if (flags.json) terminal.json(replay);
    else printLive(terminal, shown, replay);
    return exitOf(replay);
  },
});

function exitOf({ seats, missing }: LiveReplay): ExitCode {
  if (seats.some(({ difference }) => difference !== null)) return EXIT.failed;
  if (missing.length > 0) return EXIT.artefacts;
  return seats.some(({ inputs }) => inputs > 0) ? EXIT.pass : EXIT.inconclusive;
}

function printSimulated(terminal: Terminal, shown: string, { difference, lines, events, tookMs }: Replay): void {
  if (difference === null) {
    const seconds = (tookMs / 1000).toFixed(1);
    terminal.line(
      `${terminal.style('green', 'SAME')}  ${shown}: ${lines} lines of history and ${events} events in ${seconds} s of virtual time`,
    );
    return;
  }
  const { file, line, recorded, replayed } = difference;
  terminal.line(`${terminal.style('red', 'DIFFERENT')}  ${shown}: ${file}, line ${line}`);
  terminal.line(`  recorded  ${recorded ?? '(the record has ended)'}`);
  terminal.line(`  replayed  ${replayed ?? '(the replay has ended)'}`);
}

function printLive(terminal: Terminal, shown: string, replay: LiveReplay): void {
  const { seats, missing } = replay;
  const sum = (count: (seat: SeatReplay) => number): number => seats.reduce((total, seat) => total + count(seat), 0);
  const exit = exitOf(replay);
  const verdict =
    exit === EXIT.pass
      ? terminal.style('green', 'SAME')
      : exit === EXIT.failed
        ? terminal.style('red', 'DIFFERENT')
        : terminal.style('yellow', exit === EXIT.artefacts ? 'INCOMPLETE' : 'INCONCLUSIVE');
  const reports = sum(({ final }) => (final === true ? 1 : 0));
  terminal.line(
    `${verdict}  ${shown}: ${sum(({ inputs }) => inputs)} inputs of ${seats.filter(({ inputs }) => inputs > 0).length} nodes in ${sum(({ lives }) => lives)} lives, ` +
      `${sum(({ compared }) => compared)} of ${sum(({ lines }) => lines)} lines and ${reports} final reports compared`,
  );
  for (const line of missing) terminal.line(`  ${line}`);
  for (const { seat, notes } of seats) for (const note of notes) terminal.line(`  seat ${seat}, ${note}`);
  for (const { seat, difference } of seats) {
    if (difference === null) continue;
    terminal.line(`  seat ${seat}, line ${difference.line}: ${difference.why}`);
    for (const line of difference.before) terminal.line(`    before    ${line}`);
    terminal.line(`    recorded  ${difference.recorded ?? '(nothing)'}`);
    terminal.line(`    core      ${difference.made ?? '(nothing)'}`);
  }
}

function runtimeOf(manifest: string): string {
  try {
    const { runtime } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly runtime?: unknown };
    return String(runtime);
  } catch (cause) {
    throw new Failure('artefacts', `${manifest} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
