/** `wallance plan`: a scenario with everything written out, and the list of those that are shipped. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { textTable } from '../cli/text-table.ts';
import { Failure } from '../failure.ts';
import { JSON_FLAG } from './lab-flags.ts';
import { SCENARIO_ARGUMENT, SCENARIO_FLAGS, scenarioOverrides } from './scenario-flags.ts';

export const planCommand = defineCommand({
  name: 'plan',
  summary: 'Show a scenario as it is run: every default and every random choice written out',
  flags: {
    ...SCENARIO_FLAGS,
    list: { type: 'switch', help: 'the shipped scenarios and what they show, instead' },
    json: JSON_FLAG,
  },
  positionals: [{ ...SCENARIO_ARGUMENT, required: false }],
  examples: [
    'wallance plan --list',
    'wallance plan split-5-3 --profile ref-c',
    'wallance plan my.yaml --seed 7 --json',
  ],
  perform: async ({ terminal, cwd }, parsed) => {
    const { flags, positionals } = parsed;
    const [{ findScenario, problemText, shippedScenarios }, { resolveScenario }] = await Promise.all([
      import('../scenario/scenario-files.ts'),
      import('../scenario/resolve-scenario.ts'),
    ]);
    const [argument] = positionals;
    if (flags.list) {
      if (argument != null) throw new Failure('usage', '--list: expected no scenario beside it, got one');
      const shipped = shippedScenarios().map((name) => {
        const result = resolveScenario(findScenario(name, cwd));
        return { name, description: result.ok ? result.plan.description : 'is broken: wallance validate' };
      });
      if (flags.json) terminal.json(shipped);
      else {
        const rows = shipped.map(({ name, description }) => [name, firstSentence(description)]);
        for (const line of textTable([{ title: 'scenario' }, { title: 'shows' }], rows)) terminal.line(line);
      }
      return EXIT.pass;
    }
    if (argument == null) throw new Failure('usage', 'SCENARIO: expected a scenario or --list, got nothing');
    const source = findScenario(argument, cwd);
    const result = resolveScenario(source, scenarioOverrides(parsed));
    if (!result.ok) {
      for (const problem of result.problems) terminal.note(problemText(source.file, problem));
      return EXIT.usage;
    }
    if (flags.json) {
      terminal.json(result.plan);
    } else {
      const { stringify } = await import('yaml');
      terminal.line(stringify(result.plan, { lineWidth: 120, aliasDuplicateObjects: false }).trimEnd());
    }
    return EXIT.pass;
  },
});

function firstSentence(text: string): string {
  return /^[\s\S]*?[.](?=\s|$)/.exec(text)?.[0].replaceAll(/\s+/g, ' ') ?? text;
}
