/** `wallance schema`: the JSON Schema of a scenario file. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';

export const schemaCommand = defineCommand({
  name: 'schema',
  summary: 'The JSON Schema of a scenario file, for editors',
  flags: {},
  details: [
    'With the schema in a file beside a scenario, editors that know YAML complete and check it: put "# yaml-language-server: $schema=scenario.schema.json" at its head.',
  ],
  examples: ['wallance schema > scenario.schema.json'],
  perform: async ({ terminal }) => {
    const { scenarioJsonSchema } = await import('../scenario/scenario-shape.ts');
    terminal.json(scenarioJsonSchema());
    return EXIT.pass;
  },
});
