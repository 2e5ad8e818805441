/** Judges the run in the directory given, and prints what that cost: started by checks.ts. */
import { judge } from '../checks/judge.ts';
import { loadRun } from '../checks/load-run.ts';

const begunMs = performance.now();
const judgement = judge(loadRun(process.argv[2]!).record);
const seconds = (performance.now() - begunMs) / 1000;
const violated = judgement.checks.flatMap(({ check, state, detail }) =>
  state === 'violated' ? [`${check.id} (${detail})`] : [],
);
const { verdict } = judgement;
process.stdout.write(JSON.stringify({ seconds, rssMb: process.resourceUsage().maxRSS / 1024, verdict, violated }));
