/** `wallance sample`: values for a node to share, as if its sensor had measured them. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { askLab } from '../lab/ask-lab.ts';
import type { SamplesTaken } from '../lab/lab-commands.ts';
import { existingLab, JSON_FLAG, LAB_FLAG, requireKnown } from './lab-flags.ts';

export const sampleCommand = defineCommand({
  name: 'sample',
  summary: 'Give a node sensor values to share: each earns it one unit',
  flags: {
    lab: LAB_FLAG,
    value: { type: 'number', min: -1e9, max: 1e9, default: 1, value: 'NUMBER', help: 'the value that is shared' },
    topic: {
      type: 'text',
      pattern: /^[\w.-]{1,32}$/,
      expected: '1..32 of letters, digits, _, . and -',
      default: 'manual',
      value: 'TOPIC',
      help: 'name of the data topic',
    },
    count: { type: 'integer', min: 1, max: 100_000, default: 1, value: 'N', help: 'how many times' },
    json: JSON_FLAG,
  },
  positionals: [{ name: 'node', help: 'id of the node', required: true }],
  examples: ['wallance sample 3 --count 10', 'wallance sample 3 --topic temperature --value 21.5'],
  perform: async ({ terminal, home, signal }, { flags, positionals }) => {
    const { directory, plan } = existingLab(home, flags.lab);
    const node = positionals[0]!;
    requireKnown(plan, { node });
    const { topic, value, count } = flags;
    const taken = await askLab<SamplesTaken>(directory, { kind: 'sample', node, topic, value, count }, { signal });
    if (flags.json) terminal.json(taken);
    else terminal.line(`Node ${node} shares ${count === 1 ? 'a value' : `${count} values`} on ${topic}.`);
    return EXIT.pass;
  },
});
