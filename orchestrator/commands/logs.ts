/** `wallance logs`: what a node printed, or what it observed. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { Failure } from '../failure.ts';
import { tryLab } from '../lab/ask-lab.ts';
import { elsewhere } from '../lab/elsewhere.ts';
import { FileFollower, lastLines } from '../runtimes/file-tail.ts';
import { existingLab, LAB_FLAG, requireKnown } from './lab-flags.ts';

const LOOK_AGAIN_MS = 150;
/** Each brings the whole file out of the container. */
const COLLECT_AGAIN_MS = 1000;

export const logsCommand = defineCommand({
  name: 'logs',
  summary: 'What a node printed, or what it observed',
  flags: {
    lab: LAB_FLAG,
    lines: { type: 'integer', min: 0, max: 10_000, default: 50, value: 'N', help: 'so many last lines of each file' },
    follow: { type: 'switch', help: 'go on until Ctrl-C' },
    observations: { type: 'switch', help: 'its observations as JSON lines, in place of what it printed' },
  },
  positionals: [{ name: 'node', help: 'id of the node', required: true }],
  examples: ['wallance logs 3', 'wallance logs 3 --observations --follow'],
  details: ['Lines that a node printed on standard error begin with "! ".'],
  perform: async ({ terminal, home, signal }, { flags, positionals }) => {
    const { directory, plan } = existingLab(home, flags.lab);
    const node = positionals[0]!;
    requireKnown(plan, { node });
    const { seat, external } = plan.seats.find((candidate) => candidate.node === node)!;
    if (external === true) throw new Failure('environment', elsewhere(plan, node, `logs ${seat}`));
    const files = directory.nodeFiles(seat);
    // What a node in a container observed is in its volume; what it prints is written down here as it comes.
    const collected = flags.observations && directory.readPlacement()?.runtime === 'docker';
    const bring = async (): Promise<void> => {
      if (collected) await tryLab(directory, { kind: 'collect', node });
    };
    await bring();
    const sources = flags.observations
      ? [{ file: join(files.directory, 'observations.ndjson'), mark: '' }]
      : [
          { file: files.stdout, mark: '' },
          { file: files.stderr, mark: '! ' },
        ];
    const followed = sources.map(({ file, mark }) => {
      const size = sizeOf(file);
      for (const line of lastLines(file, flags.lines)) terminal.line(mark + line);
      return { mark, follower: new FileFollower(file, size) };
    });
    while (flags.follow && !signal.aborted) {
      await bring();
      for (const { mark, follower } of followed) for (const line of follower.lines()) terminal.line(mark + line);
      await new Promise<void>((done) => {
        const timer = setTimeout(done, collected ? COLLECT_AGAIN_MS : LOOK_AGAIN_MS);
        signal.addEventListener(
          'abort',
          () => {
            clearTimeout(timer);
            done();
          },
          { once: true },
        );
      });
    }
    return EXIT.pass;
  },
});

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
