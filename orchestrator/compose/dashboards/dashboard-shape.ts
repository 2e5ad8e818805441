/**
 * The part of Grafana's dashboard model that is used here, as a schema: a field that is not in it is a mistake until it
 * is written down. What a schema cannot say stands in dashboard-problems.ts. Source: Grafana 12, schemaVersion 41.
 */
import { z } from 'zod';

/** Fixed by the provisioned datasource. */
export const DATASOURCE_UID = 'wallance-prometheus';

export const DATASOURCE = z.strictObject({ type: z.literal('prometheus'), uid: z.literal(DATASOURCE_UID) });

/** Columns of a dashboard. */
export const GRID_COLUMNS = 24;

export const GRID_PLACE = z
  .strictObject({
    x: z
      .int()
      .min(0)
      .max(GRID_COLUMNS - 1),
    y: z.int().min(0),
    w: z.int().min(1).max(GRID_COLUMNS),
    h: z.int().min(1).max(40),
  })
  .refine(({ x, w }) => x + w <= GRID_COLUMNS, `x + w: expected at most ${GRID_COLUMNS}`);

export const TARGET = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource: DATASOURCE,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.boolean(),
  range: z.boolean(),
  format: z.enum(['time_series', 'table']),
});

/** Ids of Grafana's units. */
export const UNITS = ['none', 'short', 'bytes', 'Bps', 's', 'percentunit', 'cps', 'ops', 'dateTimeAsIso'] as const;

const THRESHOLDS = z.strictObject({
  mode: z.literal('absolute'),
  steps: z
    .array(z.strictObject({ color: z.enum(['green', 'orange', 'red', 'text']), value: z.number().nullable() }))
    .min(1),
});

export const LINK = z.strictObject({
  title: z.string().min(1),
  url: z.string().regex(/^http:\/\/127\.0\.0\.1:\d+\//, 'on this machine'),
  targetBlank: z.literal(true),
});

const FIELD_CONFIG = z.strictObject({
  defaults: z.strictObject({
    unit: z.enum(UNITS),
    min: z.number().optional(),
    decimals: z.int().min(0).max(6).optional(),
    thresholds: THRESHOLDS.optional(),
    custom: z
      .strictObject({
        drawStyle: z.enum(['line', 'bars']),
        lineInterpolation: z.enum(['linear', 'stepAfter']),
        fillOpacity: z.int().min(0).max(100),
        stacking: z.strictObject({ mode: z.enum(['none', 'normal']), group: z.literal('A') }),
        showPoints: z.literal('never'),
      })
      .optional(),
  }),
  overrides: z.array(
    z.strictObject({
      matcher: z.strictObject({ id: z.literal('byName'), options: z.string().min(1) }),
      properties: z
        .array(
          z.union([
            z.strictObject({ id: z.literal('links'), value: z.array(LINK).min(1) }),
            z.strictObject({ id: z.literal('unit'), value: z.enum(UNITS) }),
          ]),
        )
        .min(1),
    }),
  ),
});

const TRANSFORMATION = z.union([
  z.strictObject({ id: z.literal('merge'), options: z.strictObject({}) }),
  z.strictObject({
    id: z.literal('organize'),
    options: z.strictObject({
      excludeByName: z.record(z.string(), z.literal(true)),
      renameByName: z.record(z.string(), z.string()),
    }),
  }),
]);

const PANEL_BASE = {
  id: z.int().min(1),
  title: z.string().min(1),
  gridPos: GRID_PLACE,
};

const QUERYING = {
  ...PANEL_BASE,
  description: z.string().min(1),
  datasource: DATASOURCE,
  targets: z.array(TARGET).min(1).max(8),
  fieldConfig: FIELD_CONFIG,
};

const ROW = z.strictObject({ ...PANEL_BASE, type: z.literal('row'), collapsed: z.literal(false), panels: z.tuple([]) });

const STAT = z.strictObject({
  ...QUERYING,
  type: z.literal('stat'),
  options: z.strictObject({
    reduceOptions: z.strictObject({
      calcs: z.tuple([z.literal('lastNotNull')]),
      fields: z.literal(''),
      values: z.literal(false),
    }),
    colorMode: z.enum(['value', 'background']),
    graphMode: z.enum(['none', 'area']),
    textMode: z.literal('auto'),
  }),
});

const TIME_SERIES = z.strictObject({
  ...QUERYING,
  type: z.literal('timeseries'),
  options: z.strictObject({
    legend: z.strictObject({ displayMode: z.literal('list'), placement: z.literal('bottom'), showLegend: z.boolean() }),
    tooltip: z.strictObject({ mode: z.literal('multi'), sort: z.literal('desc') }),
  }),
});

const TABLE = z.strictObject({
  ...QUERYING,
  type: z.literal('table'),
  options: z.strictObject({ showHeader: z.literal(true) }),
  transformations: z.array(TRANSFORMATION),
});

export const PANEL = z.discriminatedUnion('type', [ROW, STAT, TIME_SERIES, TABLE]);
export type Panel = z.output<typeof PANEL>;
export type QueryPanel = Exclude<Panel, { readonly type: 'row' }>;

const VARIABLE = z.strictObject({
  name: z.string().regex(/^\w+$/),
  label: z.string().min(1),
  type: z.literal('query'),
  datasource: DATASOURCE,
  definition: z.string(),
  query: z.strictObject({ query: z.string(), refId: z.string() }),
  /** 2: whenever the range of time changes. */
  refresh: z.literal(2),
  /** 3: numbers, ascending. */
  sort: z.literal(3),
  multi: z.literal(false),
  includeAll: z.boolean(),
  allValue: z.literal('.*').optional(),
  current: z.strictObject({ text: z.string(), value: z.string() }),
});

export const DASHBOARD = z.strictObject({
  uid: z.string().regex(/^[a-z0-9-]{1,40}$/),
  title: z.string().min(1),
  description: z.string().min(1),
  tags: z.array(z.string()),
  schemaVersion: z.literal(41),
  editable: z.literal(false),
  graphTooltip: z.literal(1),
  refresh: z.literal('5s'),
  time: z.strictObject({ from: z.string().regex(/^now-\d+[mhd]$/), to: z.literal('now') }),
  timezone: z.literal('browser'),
  templating: z.strictObject({ list: z.array(VARIABLE) }),
  links: z.array(
    z.strictObject({
      title: z.string(),
      type: z.literal('link'),
      url: z.string().regex(/^(\/d\/[a-z0-9-]+|http:\/\/127\.0\.0\.1:\d+\/.*)$/),
      icon: z.enum(['dashboard', 'external link']),
      targetBlank: z.boolean(),
      keepTime: z.boolean(),
    }),
  ),
  annotations: z.strictObject({ list: z.tuple([]) }),
  panels: z.array(PANEL).min(1),
});
export type Dashboard = z.output<typeof DASHBOARD>;
