/** `wallance credentials`: draws the passwords of a lab whose parts run in containers, and deals them out. */
import { resolve } from 'node:path';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { PLAN_FLAGS } from './lab-flags.ts';

export const credentialsCommand = defineCommand({
  name: 'credentials',
  summary: 'Draw the passwords of a lab in containers, a directory for each part',
  flags: {
    nodes: PLAN_FLAGS.nodes,
    owner: {
      type: 'integer',
      min: 0,
      max: 2 ** 31,
      default: null,
      value: 'UID',
      help: 'who alone may read them; whoever runs this when absent',
    },
  },
  positionals: [{ name: 'directory', help: 'where the directories are made', required: true }],
  examples: ['wallance credentials --nodes 8 --owner 10001 /credentials'],
  details: ['What was drawn before stays as it is, so that a second run changes nothing.'],
  perform: async ({ terminal, cwd }, { flags, positionals }) => {
    const { dealCredentials } = await import('../lab/seat-credentials.ts');
    const seats = Array.from({ length: flags.nodes }, (_, index) => String(index + 1));
    dealCredentials(resolve(cwd, positionals[0]!), seats, flags.owner);
    terminal.line(`Passwords of ${seats.length} nodes, the broker and the lab are in ${positionals[0]}.`);
    return EXIT.pass;
  },
});
