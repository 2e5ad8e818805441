/** What `wallance paper` and `npm run bench` have written, as results to compare. */
import { z } from 'zod';
import { medianInterval } from '../history/interval.ts';
import type { Cell } from '../paper/paper-results.ts';
import { betterBy, type Comparable, type ComparableFigure } from './comparable.ts';

const MACHINE = z.object({
  wallance: z.string(),
  revision: z.string().nullable(),
  arch: z.string(),
  cpu: z.string(),
  cores: z.number(),
});

const CELL = z.looseObject({ kind: z.string() });

export const PAPER_FILE = z.object({
  kind: z.literal('wallance-paper'),
  version: z.literal(1),
  at: z.string(),
  options: z.object({ quick: z.boolean(), runtime: z.string() }),
  machine: MACHINE,
  hashesPerSecond: z.number(),
  sections: z.array(
    z.object({
      id: z.string(),
      tables: z.array(
        z.object({
          id: z.string(),
          columns: z.array(z.object({ title: z.string() })),
          rows: z.array(z.array(CELL)),
        }),
      ),
    }),
  ),
});

export const BENCH_FILE = z.object({
  at: z.string(),
  quick: z.boolean(),
  machine: MACHINE,
  hashesPerSecond: z.number().nullable().default(null),
  figures: z.array(
    z.object({
      module: z.string(),
      name: z.string(),
      value: z.number(),
      unit: z.string(),
      target: z.string().optional(),
      values: z.array(z.number()).optional(),
    }),
  ),
});

export function paperResults(file: z.infer<typeof PAPER_FILE>, given: string): Comparable {
  const { options, machine } = file;
  return {
    kind: 'paper',
    title: `evaluation of ${file.at.slice(0, 10)}, ${machine.revision ?? machine.wallance}`,
    path: given,
    circumstances: {
      size: options.quick ? 'quick' : 'full',
      runtime: options.runtime,
      architecture: machine.arch,
      processor: `${machine.cores} x ${machine.cpu}`,
    },
    hashesPerSecond: file.hashesPerSecond,
    verdict: null,
    figures: file.sections.flatMap(({ tables }) => tables.flatMap(tableFigures)),
  };
}

type Table = z.infer<typeof PAPER_FILE>['sections'][number]['tables'][number];

/** Figures that were measured or simulated; what the paper says and what arithmetic gives does not change. */
function tableFigures({ id, columns, rows }: Table): ComparableFigure[] {
  const seen = new Map<string, number>();
  return rows.flatMap((row) => {
    const label = labelOf(row);
    return row.flatMap((loose, column): ComparableFigure[] => {
      const cell = loose as unknown as Cell;
      if (cell.kind !== 'figure') return [];
      const title = `${id}: ${label === '' ? '' : `${label}, `}${columns[column]?.title ?? column}`;
      // Rows of one label are told apart by their order.
      const times = (seen.get(title) ?? 0) + 1;
      seen.set(title, times);
      const { value, unit, low, high } = cell;
      return [
        {
          id: times === 1 ? title : `${title} (${times})`,
          title: times === 1 ? title : `${title} (${times})`,
          unit,
          better: betterBy(unit),
          value,
          interval: low === undefined || high === undefined ? null : { low, high, coverage: 0.95 },
        },
      ];
    });
  });
}

/** The first cell and all that are words, by which people tell rows apart. */
function labelOf(row: readonly z.infer<typeof CELL>[]): string {
  const texts = (row as unknown as readonly Cell[]).flatMap((cell, column): string[] => {
    if (cell.kind === 'text') return cell.text === '' ? [] : [cell.text];
    if (column > 0 || cell.kind === 'missing') return [];
    if (cell.kind === 'given') return [cell.text];
    return [`${cell.value} ${cell.unit}`.trim()];
  });
  return texts.join(', ');
}

export function benchResults(file: z.infer<typeof BENCH_FILE>, given: string): Comparable {
  const { machine } = file;
  return {
    kind: 'bench',
    title: `benchmark of ${file.at.slice(0, 10)}, ${machine.revision ?? machine.wallance}`,
    path: given,
    circumstances: {
      size: file.quick ? 'quick' : 'full',
      architecture: machine.arch,
      processor: `${machine.cores} x ${machine.cpu}`,
    },
    hashesPerSecond: file.hashesPerSecond,
    verdict: null,
    figures: file.figures.map(({ module, name, value, unit, target, values }) => ({
      id: `${module}: ${name}`,
      title: `${module}: ${name}`,
      unit,
      // A figure with a target says itself which way is good.
      better: target?.startsWith('>=') ? 'higher' : target?.startsWith('<=') ? 'lower' : betterBy(unit),
      value,
      interval: values === undefined ? null : medianInterval(values),
    })),
  };
}
