/**
 * `npm run bench`: every figure that this project is held to, measured on this machine. Prints a table and writes JSON
 * with the machine described, which `wallance compare` takes. `--only NAME` measures one module, `--quick` takes smaller
 * samples where a module knows how, `--turns N` measures all of it N times over and gives medians (from six on, intervals
 * that a comparison can decide by), `--out FILE` names the file; `--record` keeps it in bench/ and makes README's table
 * of it. Exit code 1 when a figure misses its target.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describeProblem } from '../../node/protocol/parameters.ts';
import { parseArguments } from '../cli/arguments.ts';
import { EXIT } from '../cli/exit-code.ts';
import { textTable } from '../cli/text-table.ts';
import { median } from '../history/distribution.ts';
import { PROJECT_ROOT } from '../project.ts';
import { measureHashRate } from '../run/calibrate.ts';
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
import { benchPageReaders } from './page-readers.ts';
import { writeReadmeTable } from './readme-table.ts';
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
  page: async (quick) => [...(await benchPage(quick)), ...(await benchPageReaders(quick))],
  containers: (quick) => withEngine(() => benchContainers(quick)),
};

const FLAGS = {
  only: { type: 'choice', choices: Object.keys(MODULES), default: null, help: '' },
  quick: { type: 'switch', help: '' },
  turns: { type: 'integer', min: 1, max: 100, default: 1, value: 'N', help: '' },
  record: { type: 'switch', help: '' },
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
  const { only, quick, turns, record, out } = result.parsed.flags;
  if (record && (only !== null || quick || out !== null)) {
    process.stderr.write('bench: --record: expected not to be given beside --only, --quick or --out\n');
    return EXIT.usage;
  }
  const hashesPerSecond = measureHashRate();
  const measured = new Map<string, Figure & { readonly module: string; readonly values: number[] }>();
  for (let turn = 1; turn <= turns; turn++) {
    for (const [module, measure] of Object.entries(MODULES)) {
      if (only !== null && only !== module) continue;
      process.stderr.write(`measuring: ${module}${turns === 1 ? '' : `, ${turn} of ${turns}`}\n`);
      for (const figure of await measure(quick)) {
        const key = `${module}/${figure.name}`;
        const known = measured.get(key);
        if (known === undefined) measured.set(key, { module, ...figure, values: [figure.value] });
        else known.values.push(figure.value);
      }
    }
  }
  const figures = [...measured.values()].map((figure) => {
    const made = { ...figure, value: median(figure.values) };
    return { ...made, met: meets(made) };
  });
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

  const at = new Date().toISOString();
  const file = record
    ? join(PROJECT_ROOT, 'bench', `${at.slice(0, 10)}.json`)
    : out === null
      ? join(PROJECT_ROOT, 'runs', 'bench', `${at.replace(/[:.]/g, '-')}.json`)
      : resolve(out);
  mkdirSync(dirname(file), { recursive: true });
  const made = { at, quick, turns, machine: describeMachine(), hashesPerSecond, figures };
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`);
  process.stdout.write(`written to ${file}\n`);
  if (record) writeReadmeTable(file);
  return figures.some(({ met }) => met === false) ? EXIT.failed : EXIT.pass;
}

process.exitCode = await main(process.argv.slice(2));
