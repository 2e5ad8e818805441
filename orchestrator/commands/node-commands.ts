/** `wallance stop`, `start` and `restart`: one node of a running lab. */
import { type Command, defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { askLab } from '../lab/ask-lab.ts';
import type { SeatChange } from '../lab/lab-commands.ts';
import { existingLab, JSON_FLAG, LAB_FLAG, requireKnown } from './lab-flags.ts';

const NODE = { name: 'node', help: 'id of the node', required: true } as const;
const KILL = { type: 'switch', help: 'without notice, as kill -9 does' } as const;

export const stopCommand: Command = defineCommand({
  name: 'stop',
  summary: 'Stop one node; what is sent to it waits at the fabric',
  flags: { lab: LAB_FLAG, kill: KILL, json: JSON_FLAG },
  positionals: [NODE],
  examples: ['wallance stop 3', 'wallance stop 3 --kill'],
  perform: async ({ terminal, home, signal }, { flags, positionals }) => {
    const { directory, plan } = existingLab(home, flags.lab);
    const node = positionals[0]!;
    requireKnown(plan, { node });
    const changed = await askLab<SeatChange>(directory, { kind: 'stop', node, kill: flags.kill }, { signal });
    if (flags.json) terminal.json(changed);
    else terminal.line(`Node ${node} is ${flags.kill ? 'killed' : 'stopped'}; its wallets are kept.`);
    return EXIT.pass;
  },
});

export const startCommand: Command = defineCommand({
  name: 'start',
  summary: 'Start one node that was stopped or has died',
  flags: { lab: LAB_FLAG, json: JSON_FLAG },
  positionals: [NODE],
  examples: ['wallance start 3'],
  perform: async ({ terminal, home, signal }, { flags, positionals }) => {
    const { directory, plan } = existingLab(home, flags.lab);
    const node = positionals[0]!;
    requireKnown(plan, { node });
    const changed = await askLab<SeatChange>(directory, { kind: 'start', node }, { signal });
    if (flags.json) terminal.json(changed);
    else terminal.line(`Node ${node} is ready.`);
    return EXIT.pass;
  },
});

export const restartCommand: Command = defineCommand({
  name: 'restart',
  summary: 'Stop one node and start it again with its wallets',
  flags: { lab: LAB_FLAG, kill: KILL, json: JSON_FLAG },
  positionals: [NODE],
  examples: ['wallance restart 3 --kill'],
  perform: async ({ terminal, home, signal }, { flags, positionals }) => {
    const { directory, plan } = existingLab(home, flags.lab);
    const node = positionals[0]!;
    requireKnown(plan, { node });
    const changed = await askLab<SeatChange>(directory, { kind: 'restart', node, kill: flags.kill }, { signal });
    if (flags.json) terminal.json(changed);
    else terminal.line(`Node ${node} is ready again.`);
    return EXIT.pass;
  },
});
