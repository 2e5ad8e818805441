/**
 * What is wrong with a dashboard beyond its schema: places that overlap, ids twice, metrics that nobody exposes, counters
 * shown as they are, variables that are not declared. Pure.
 */
import type { MetricTable } from '../../../node/host/metrics-text.ts';
import type { Problem } from '../../../node/protocol/parameters.ts';
import type { Dashboard, Panel } from './dashboard-shape.ts';

/** What Prometheus itself adds. */
const BUILT_IN = ['up', 'ALERTS'];
/** Names of PromQL that are no metrics: functions, operators, words. */
const WORDS = new Set(
  (
    'sum max min avg count by without rate increase histogram_quantile label_replace clamp_min time vector or and unless on ' +
    'group_left ignoring bool max_over_time min_over_time topk le'
  ).split(' '),
);

/** Names of metrics in an expression of PromQL; labels, texts and ranges are left out. */
export function metricsOf(expression: string): string[] {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|without|on|ignoring|group_left)\s*\([^)]*\)/g, ' ');
  return [...bare.matchAll(/[A-Za-z_:][\w:]*/g)].map(([name]) => name).filter((name) => !WORDS.has(name));
}

/** The metric of a name in an expression; undefined where nobody exposes it. */
function exposedAs(name: string, metrics: MetricTable): string | undefined {
  if (Object.hasOwn(metrics, name)) return metrics[name]!.type === 'histogram' ? undefined : name;
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  return Object.hasOwn(metrics, base) && metrics[base]!.type === 'histogram' ? base : undefined;
}

export function dashboardProblems(dashboard: Dashboard, metrics: MetricTable): Problem[] {
  const problems: Problem[] = [];
  const { panels, templating } = dashboard;
  const declared = new Set(templating.list.map(({ name }) => name));
  const ids = new Map<number, string>();
  const checkVariables = (path: string, text: string): void => {
    for (const [, plain, braced] of text.matchAll(/\$(?:(\w+)|\{([\w.]+)[^}]*\})/g)) {
      const name = plain ?? braced!;
      if (!name.startsWith('__') && !declared.has(name))
        problems.push({ path, expected: `one of ${[...declared].join(', ')}`, found: `$${name}` });
    }
  };
  panels.forEach((panel, index) => {
    const path = `${dashboard.uid}.panels[${index}]`;
    const earlier = ids.get(panel.id);
    if (earlier !== undefined)
      problems.push({ path: `${path}.id`, expected: `one that ${earlier} has not`, found: String(panel.id) });
    ids.set(panel.id, path);
    const under = panels.slice(0, index).find((other) => overlap(panel, other));
    if (under !== undefined)
      problems.push({
        path: `${path}.gridPos`,
        expected: 'a free place',
        found: `that of ${JSON.stringify(under.title)}`,
      });
    if (panel.type === 'row') return;
    const references = new Set<string>();
    panel.targets.forEach(({ refId, expr }, number) => {
      const at = `${path}.targets[${number}]`;
      if (references.has(refId)) problems.push({ path: `${at}.refId`, expected: 'one of its own', found: refId });
      references.add(refId);
      for (const name of metricsOf(expr)) {
        const metric = exposedAs(name, metrics);
        if (metric === undefined && !BUILT_IN.includes(name))
          problems.push({ path: `${at}.expr`, expected: 'a metric of lab or node', found: name });
        else if (
          metric !== undefined &&
          metrics[metric]!.type !== 'gauge' &&
          panel.type === 'timeseries' &&
          !new RegExp(`(?:rate|increase)\\(${name}\\b`).test(expr)
        )
          problems.push({ path: `${at}.expr`, expected: `rate or increase of ${name}`, found: expr });
      }
      checkVariables(`${at}.expr`, expr);
    });
    for (const { properties } of panel.fieldConfig.overrides)
      for (const property of properties)
        if (property.id === 'links')
          for (const { url, title } of property.value) checkVariables(`${path}.links`, `${title} ${url}`);
  });
  return problems;
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
