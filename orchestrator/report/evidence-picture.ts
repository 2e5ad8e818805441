/**
 * Draws what a check of a run rests on as an SVG picture, for the README: `node orchestrator/report/evidence-picture.ts
 * FILE.svg RUN-DIR CHECK`. The run is judged again, so the picture shows what its record says. Exit code 1 where the check
 * has no evidence.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { drawEvidence } from '../checks/evidence-diagram.ts';
import { judge } from '../checks/judge.ts';
import { loadRun } from '../checks/load-run.ts';

const [file, run, id] = process.argv.slice(2);
if (file === undefined || run === undefined || id === undefined) {
  process.stderr.write('evidence-picture: expected FILE.svg RUN-DIR CHECK, got too few arguments\n');
  process.exitCode = 64;
} else {
  const { record } = loadRun(resolve(run));
  const picture = drawEvidence(record, judge(record).checks).get(id);
  if (picture !== undefined) writeFileSync(file, picture);
  else {
    process.stderr.write(`evidence-picture: expected a check with evidence in ${run}, got ${id}, which has none\n`);
    process.exitCode = 1;
  }
}
