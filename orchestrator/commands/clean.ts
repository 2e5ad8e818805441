/** `wallance clean`: removes what runs that are over have left in the container engine. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { Failure } from '../failure.ts';
import { LAB_NAME_PATTERN } from '../lab/lab-plan.ts';
import type { Thing } from '../runtimes/docker/engine.ts';
import { JSON_FLAG } from './lab-flags.ts';

export const cleanCommand = defineCommand({
  name: 'clean',
  summary: 'Remove what old runs have left in the container engine',
  flags: {
    lab: {
      type: 'text',
      pattern: LAB_NAME_PATTERN,
      expected: '1..32 of a-z, 0-9 and -',
      default: null,
      value: 'NAME',
      help: 'of labs with this name only',
    },
    volumes: { type: 'switch', help: 'the wallets of labs that do not run as well' },
    'dry-run': { type: 'switch', help: 'say what would be removed, and remove nothing' },
    json: JSON_FLAG,
  },
  examples: ['wallance clean --dry-run', 'wallance clean --lab small --volumes'],
  details: [
    'Finds containers, networks and volumes by the labels that labs give them. A lab whose process runs, or that was started on another machine, is left alone. Wallets of a lab that can go on are kept unless --volumes is given; those of bounded runs and of labs that were removed are not.',
  ],
  perform: async ({ terminal }, { flags }) => {
    const [{ Engine }, { leftLabs, removeThings }, { LABELS }] = await Promise.all([
      import('../runtimes/docker/engine.ts'),
      import('../runtimes/docker/leftovers.ts'),
      import('../runtimes/docker/labels.ts'),
    ]);
    const engine = await Engine.connect();
    const labs = await leftLabs(engine, flags.lab);
    const report: { lab: string; root: string; removed: string[]; kept: string[]; alive: string | null }[] = [];
    const problems: string[] = [];
    try {
      for (const { lab, root, things, alive, orphaned } of labs) {
        const goes = ({ labels }: Thing): boolean => flags.volumes || orphaned || labels[LABELS.run] !== undefined;
        let going = alive === null ? things.filter(goes) : [];
        try {
          if (!flags['dry-run']) await removeThings(engine, going);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          problems.push(error.message);
          const still = new Set((await engine.find(`${LABELS.root}=${root}`)).map(({ id }) => id));
          going = going.filter(({ id }) => !still.has(id));
        }
        const named = (list: readonly Thing[]): string[] => list.map(({ kind, name }) => `${kind} ${name}`);
        const kept = named(things.filter((thing) => thing.kind === 'volume' && !going.includes(thing)));
        report.push({ lab, root, removed: named(going), kept, alive });
      }
    } finally {
      for (const { lock } of labs) lock?.release();
    }
    if (flags.json) {
      terminal.json({ dryRun: flags['dry-run'], labs: report, problems });
      return problems.length === 0 ? EXIT.pass : EXIT.environment;
    }
    const verb = flags['dry-run'] ? 'would be removed' : 'removed';
    for (const { lab, root, removed, kept, alive } of report) {
      if (alive !== null) {
        terminal.line(`Lab ${lab} (${root}) is left alone: ${alive}.`);
        continue;
      }
      if (removed.length > 0) terminal.line(`Lab ${lab} (${root}), ${verb}:`);
      for (const name of removed) terminal.line(`  ${name}`);
      if (kept.length > 0)
        terminal.line(`Lab ${lab} (${root}): its wallets are kept in ${kept.length} volumes (--volumes removes them)`);
    }
    if (report.every(({ removed, alive }) => removed.length === 0 && alive === null))
      terminal.line('Nothing is left of old runs.');
    if (problems.length > 0) throw new Failure('environment', problems.join('\n'));
    return EXIT.pass;
  },
});
