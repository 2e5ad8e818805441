/** `wallance validate`: everything that is wrong with scenario files, before anything starts. */
import type { ProfileName } from '../../node/protocol/profiles.ts';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import type { ScenarioProblem } from '../scenario/scenario-file.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { JSON_FLAG } from './lab-flags.ts';
import { SCENARIO_ARGUMENT } from './scenario-flags.ts';

export const validateCommand = defineCommand({
  name: 'validate',
  summary: 'Check scenario files, under each profile that they speak of',
  flags: { json: JSON_FLAG },
  positionals: [{ ...SCENARIO_ARGUMENT, required: false, many: true }],
  details: [
    'Without arguments it checks the shipped scenarios. Every problem is printed with its file and line: path, what is expected, what was found. Exit code 64 when there is one.',
  ],
  examples: ['wallance validate my.yaml', 'wallance validate'],
  perform: async ({ terminal, cwd }, { flags, positionals }) => {
    const [{ findScenario, problemText, shippedScenarios }, { validateScenario }] = await Promise.all([
      import('../scenario/scenario-files.ts'),
      import('../scenario/validate-scenario.ts'),
    ]);
    const given = positionals.filter((argument) => argument !== null);
    const found = (given.length > 0 ? given : shippedScenarios()).map((argument) => findScenario(argument, cwd));
    const validated = found.map((source) => ({ source, result: validateScenario(source) }));
    if (flags.json) {
      terminal.json(validated.map(({ source: { file }, result }) => jsonOf(file, result)));
    } else {
      for (const { source, result } of validated) {
        for (const problem of result.problems) terminal.note(problemText(source.file, problem));
        if (result.problems.length === 0) terminal.line(`${source.file}: ${aboutPlans(result.plans)}`);
      }
    }
    return validated.some(({ result }) => result.problems.length > 0) ? EXIT.usage : EXIT.pass;
  },
});

interface Validated {
  readonly problems: readonly ScenarioProblem[];
  readonly plans: ReadonlyMap<ProfileName, ScenarioPlan>;
}

function jsonOf(file: string, { problems, plans }: Validated): unknown {
  const [plan] = plans.values();
  return {
    file,
    ok: problems.length === 0,
    ...(plan === undefined ? {} : { name: plan.name, description: plan.description, requires: plan.requires }),
    profiles: [...plans].map(([profile, { checks }]) => ({ profile, checks: checks.length })),
    problems,
  };
}

/** `split-5-3: 8 nodes, 10 s of load, 24 purchases, 1 fault; checks: paper 18, ref-c 3; needs link-rules`. */
function aboutPlans(plans: Validated['plans']): string {
  const [plan] = plans.values();
  const { name, seats, loadMs, workload, timeline, requires } = plan!;
  const purchases =
    workload.purchases.length + workload.closed.reduce((sum, { purchases: { length } }) => sum + length, 0);
  const checks = [...plans]
    .map(
      ([
        profile,
        {
          checks: { length },
        },
      ]) => `${profile} ${length}`,
    )
    .join(', ');
  const needs = requires.length === 0 ? '' : `; needs ${requires.join(', ')}`;
  const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  return (
    `${name}: ${counted(seats.length, 'node')}, ${loadMs / 1000} s of load, ${counted(purchases, 'purchase')}, ` +
    `${counted(timeline.length, 'fault')}; checks: ${checks}${needs}`
  );
}
