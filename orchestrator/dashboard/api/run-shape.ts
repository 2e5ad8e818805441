/** Runs of scenarios that were kept, as `wallance run` left them. */
import { z } from 'zod';
import { component, list } from './component.ts';

export const RUN_LINE = component(
  'RunLine',
  z.strictObject({
    scenario: z.string(),
    run: z.string().describe('name of its directory'),
    startedAt: z.string().describe('ISO 8601, UTC'),
    tookMs: z.number(),
    verdict: z.enum(['pass', 'failed', 'inconclusive']),
    reasons: list(z.string()),
    profile: z.string(),
    seed: z.string(),
    runtime: z.string(),
    nodes: z.int(),
    faults: z.int(),
    violated: list(z.string()).describe('titles of the checks that are not as expected'),
    report: z.boolean().describe('whether report.html is there'),
  }),
);
export type RunLineAnswer = z.output<typeof RUN_LINE>;

export const RUNS = component(
  'Runs',
  z.strictObject({
    runs: list(RUN_LINE).describe('newest first'),
    leftOut: z.int().describe('older ones that are not listed'),
  }),
);
export type RunsAnswer = z.output<typeof RUNS>;

export const RUN = component('Run', z.looseObject({ schema: z.literal(1) }).describe('result.json of the run'));
