/** Everything in compose/ that is made from code: by path in the project, its text. generate.ts writes it. */

import { composedPrometheus, composeFile, localPrometheus } from './compose-file.ts';
import type { Dashboard } from './dashboards/dashboard-shape.ts';
import { labDashboard } from './dashboards/lab-dashboard.ts';
import { nodesDashboard } from './dashboards/nodes-dashboard.ts';

/** By file name. */
export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = {
  'lab.json': labDashboard,
  'nodes.json': nodesDashboard,
};

export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['compose/compose.yaml', composeFile()],
    ['compose/observability/prometheus/prometheus.yml', composedPrometheus()],
    ['compose/observability/prometheus/local.yml', localPrometheus()],
    ...Object.entries(DASHBOARDS).map(
      ([name, dashboard]) =>
        [`compose/observability/grafana/dashboards/${name}`, `${JSON.stringify(dashboard(), null, 2)}\n`] as const,
    ),
  ]);
}
