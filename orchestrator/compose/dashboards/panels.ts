/** Panels of a dashboard in the words of a lab, and their places: rows from top to bottom, filled from left to right. */
import type { z } from 'zod';
import {
  DATASOURCE_UID,
  type Dashboard,
  GRID_COLUMNS,
  type LINK,
  type Panel,
  type QueryPanel,
  type UNITS,
} from './dashboard-shape.ts';

export const DATASOURCE = { type: 'prometheus', uid: DATASOURCE_UID } as const;

type Unit = (typeof UNITS)[number];
type Unplaced<P> = P extends unknown ? Omit<P, 'id' | 'gridPos'> : never;

/** A panel without its place, and how wide it wants to be. */
export interface WantedPanel {
  readonly width: number;
  readonly panel: Unplaced<QueryPanel>;
}

export interface WantedRow {
  readonly title: string;
  /** Of each line of its panels. */
  readonly height: number;
  readonly panels: readonly WantedPanel[];
}

/** Legend by expression, in order. */
type Queries = readonly (readonly [legend: string, expression: string])[];

interface About {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly unit?: Unit;
}

function targets(queries: Queries, format: 'time_series' | 'table', instant: boolean) {
  return queries.map(([legendFormat, expr], index) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: DATASOURCE,
    expr,
    legendFormat,
    instant,
    range: !instant,
    format,
  }));
}

/** `bad`: from which value on it is red; below, it is green. */
export function stat(
  { title, description, width, unit = 'none' }: About,
  expression: string,
  bad: number | null = null,
): WantedPanel {
  const steps =
    bad === null
      ? [{ color: 'text' as const, value: null }]
      : [
          { color: 'green' as const, value: null },
          { color: 'red' as const, value: bad },
        ];
  return {
    width,
    panel: {
      type: 'stat',
      title,
      description,
      datasource: DATASOURCE,
      targets: targets([['', expression]], 'time_series', true),
      fieldConfig: { defaults: { unit, thresholds: { mode: 'absolute', steps } }, overrides: [] },
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: 'value',
        graphMode: 'none',
        textMode: 'auto',
      },
    },
  };
}

/** `stacked`: parts of a whole. */
export function graph(
  { title, description, width, unit = 'short' }: About,
  queries: Queries,
  stacked = false,
): WantedPanel {
  return {
    width,
    panel: {
      type: 'timeseries',
      title,
      description,
      datasource: DATASOURCE,
      targets: targets(queries, 'time_series', false),
      fieldConfig: {
        defaults: {
          unit,
          min: 0,
          custom: {
            drawStyle: 'line',
            lineInterpolation: 'linear',
            fillOpacity: stacked ? 30 : 0,
            stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
            showPoints: 'never',
          },
        },
        overrides: [],
      },
      options: {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    },
  };
}

export interface Column {
  readonly title: string;
  readonly expression: string;
  readonly unit?: Unit;
}

/** One row for each value of `label`, which every expression must keep and no other. */
export function table(
  { title, description, width }: About,
  label: string,
  columns: readonly Column[],
  links: readonly z.output<typeof LINK>[] = [],
): WantedPanel {
  const queries: Queries = columns.map(({ title: name, expression }) => [name, expression]);
  const named = targets(queries, 'table', true);
  // One query has a column Value, more have Value #A, Value #B, ...
  const valueColumn = (refId: string): string => (columns.length === 1 ? 'Value' : `Value #${refId}`);
  return {
    width,
    panel: {
      type: 'table',
      title,
      description,
      datasource: DATASOURCE,
      targets: named,
      fieldConfig: {
        defaults: { unit: 'none' },
        overrides: [
          ...(links.length === 0
            ? []
            : [
                {
                  matcher: { id: 'byName' as const, options: label },
                  properties: [{ id: 'links' as const, value: [...links] }],
                },
              ]),
          ...columns.flatMap(({ title: name, unit }) =>
            unit === undefined
              ? []
              : [
                  {
                    matcher: { id: 'byName' as const, options: name },
                    properties: [{ id: 'unit' as const, value: unit }],
                  },
                ],
          ),
        ],
      },
      options: { showHeader: true },
      transformations: [
        ...(columns.length === 1 ? [] : [{ id: 'merge' as const, options: {} }]),
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true },
            renameByName: Object.fromEntries(
              named.map(({ refId, legendFormat }) => [valueColumn(refId), legendFormat]),
            ),
          },
        },
      ],
    },
  };
}

/** Gives every panel its number and its place. */
export function placed(rows: readonly WantedRow[]): Panel[] {
  const panels: Panel[] = [];
  let y = 0;
  for (const { title, height, panels: wanted } of rows) {
    const id = panels.length + 1;
    panels.push({
      type: 'row',
      id,
      title,
      gridPos: { x: 0, y, w: GRID_COLUMNS, h: 1 },
      collapsed: false,
      panels: [],
    });
    y++;
    let x = 0;
    for (const { width, panel } of wanted) {
      if (x + width > GRID_COLUMNS) {
        x = 0;
        y += height;
      }
      panels.push({ ...panel, id: panels.length + 1, gridPos: { x, y, w: width, h: height } });
      x += width;
    }
    y += height;
  }
  return panels;
}

/** A variable whose values are those of a label. */
export function labelVariable(name: string, metric: string, all: boolean): Dashboard['templating']['list'][number] {
  const query = `label_values(${metric}, ${name})`;
  return {
    name,
    label: name,
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 3,
    multi: false,
    includeAll: all,
    ...(all ? { allValue: '.*' as const } : {}),
    current: all ? { text: 'All', value: '$__all' } : { text: '1', value: '1' },
  };
}
