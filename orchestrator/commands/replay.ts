/** `wallance replay`: runs a recorded simulated run again and compares what happens with the record. */
import { relative, resolve } from 'node:path';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';

export const replayCommand = defineCommand({
  name: 'replay',
  summary: 'Run a recorded simulated run again to the same history',
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
    'Nothing in the directory is changed. The plan is that of scenario.resolved.yaml; history.ndjson and events.ndjson are compared byte by byte, and the first line that differs is shown.',
    'Exit code 0 when all is the same, 1 when it is not, 3 when a part of the run is missing, 64 when there is no run or one that was not simulated.',
  ],
  perform: async ({ terminal, cwd }, { flags, positionals }) => {
    const { replayRun } = await import('../simulated/replay-run.ts');
    const replay = replayRun(resolve(cwd, positionals[0]!));
    const { difference, directory, lines, events, tookMs } = replay;
    if (flags.json) {
      terminal.json(replay);
    } else if (difference === null) {
      const seconds = (tookMs / 1000).toFixed(1);
      terminal.line(
        `${terminal.style('green', 'SAME')}  ${relative(cwd, directory) || '.'}: ${lines} lines of history and ${events} events in ${seconds} s of virtual time`,
      );
    } else {
      const { file, line, recorded, replayed } = difference;
      terminal.line(`${terminal.style('red', 'DIFFERENT')}  ${relative(cwd, directory) || '.'}: ${file}, line ${line}`);
      terminal.line(`  recorded  ${recorded ?? '(the record has ended)'}`);
      terminal.line(`  replayed  ${replayed ?? '(the replay has ended)'}`);
    }
    return difference === null ? EXIT.pass : EXIT.failed;
  },
});
