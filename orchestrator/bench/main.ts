/**
 * `npm run bench`: every figure that this project is held to, measured on this machine. Prints a table and writes JSON
 * with the machine described. `--only NAME` measures one module, `--quick` takes smaller samples where a module knows
 * how, `--out FILE` names the file. Exit code 1 when a figure misses its target.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describeProblem } from '../../node/protocol/parameters.ts';
import { parseArguments } from '../cli/arguments.ts';
import { EXIT } from '../cli/exit-code.ts';
import { textTable } from '../cli/text-table.ts';
import { PROJECT_ROOT } from '../project.ts';
import { describeMachine } from '../run/machine.ts';
import { DockerFailure } from '../runtimes/docker/docker-failure.ts';
import { benchChecks } from './checks.ts';
import { benchCodec, type Figure } from './codec.ts';
import { benchContainers } from './containers.ts';
import { benchExploration } from './exploration.ts';
import { benchFabric } from './fabric.ts';
import { benchHarness } from './harness.ts';
import { benchHashing } from './hashing.ts';
import { benchLab } from './lab.ts';
import { benchLarge } from './large.ts';
import { benchPage } from './page.ts';
import { benchSimulation } from './simulation.ts';
import { benchStore } from './store.ts';

const MODULES: Readonly<Record<string, (quick: boolean) => Promise<readonly Figure[]>>> = {
  hashing: () => benchHashing(),
  codec: () => benchCodec(),
  store: () => benchStore(),
  simulation: (quick) => benchSimulation(quick),
  exploration: (quick) => benchExploration(quick),
  large: (quick) => benchLarge(quick),
  fabric: () => benchFabric(),
  checks: (quick) => benchChecks(quick),
  lab: (quick) => benchLab(quick),
  harness: (quick) => benchHarness(quick),
  page: (quick) => benchPage(quick),
  containers: (quick) => withEngine(() => benchContainers(quick)),
};

const FLAGS = {
  only: { type: 'choice', choices: Object.keys(MODULES), default: null, help: '' },
  quick: { type: 'switch', help: '' },
  out: { type: 'text', pattern: /^[^\0]+$/, expected: 'a file', default: null, value: 'FILE', help: '' },
} as const;

/** No figures where no engine is ready, and the reason. */
async function withEngine(measure: () => Promise<Figure[]>): Promise<Figure[]> {
  try {
    return await measure();
  } catch (error) {
    if (!(error instanceof DockerFailure)) throw error;
    process.stderr.write(`not measured: ${error.message}\n`);
    return [];
  }
}

/** Null: the figure has no target. */
function meets({ value, target }: Figure): boolean | null {
  const bound = /^(<=|>=)\s*(-?[\d.]+)$/.exec(target ?? '');
  if (bound === null) return null;
  return bound[1] === '<=' ? value <= Number(bound[2]) : value >= Number(bound[2]);
}

async function main(args: readonly string[]): Promise<number> {
  const result = parseArguments(args, FLAGS, []);
  if (!result.ok) {
    for (const problem of result.problems) process.stderr.write(`bench: ${describeProblem(problem)}\n`);
    return EXIT.usage;
  }
  const { only, quick, out } = result.parsed.flags;
  const figures: (Figure & { readonly module: string; readonly met: boolean | null })[] = [];
  for (const [module, measure] of Object.entries(MODULES)) {
    if (only !== null && only !== module) continue;
    process.stderr.write(`measuring: ${module}\n`);
    for (const figure of await measure(quick)) figures.push({ module, ...figure, met: meets(figure) });
  }
  const rows = figures.map(({ module, name, value, unit, target, met }) => [
    module,
    name,
    String(value),
    unit,
    target ?? '',
    met === null ? '' : met ? 'met' : 'MISSED',
  ]);
  const columns = [
    { title: 'module' },
    { title: 'figure' },
    { title: 'value', align: 'right' },
    { title: 'unit' },
    { title: 'target' },
    { title: '' },
  ] as const;
  for (const line of textTable(columns, rows)) process.stdout.write(`${line}\n`);

  const at = new Date();
  const file =
    out === null ? join(PROJECT_ROOT, 'runs', 'bench', `${at.toISOString().replace(/[:.]/g, '-')}.json`) : resolve(out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `${JSON.stringify({ at: at.toISOString(), quick, machine: describeMachine(), figures }, null, 2)}\n`,
  );
  process.stdout.write(`written to ${file}\n`);
  return figures.some(({ met }) => met === false) ? EXIT.failed : EXIT.pass;
}

process.exitCode = await main(process.argv.slice(2));
