/**
 * Draws what a command prints as an SVG picture of a terminal, for the README: `node
 * orchestrator/report/terminal-picture.ts FILE.svg COMMAND ARG...`. It runs the command, so the picture shows what the
 * program really says, and ends with the command's exit code.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { escapeMarkup, terminalPicture } from './picture.ts';

const [file, program, ...args] = process.argv.slice(2);
if (file === undefined || program === undefined) {
  process.stderr.write('terminal-picture: expected FILE.svg COMMAND ARG..., got too few arguments\n');
  process.exitCode = 64;
} else {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (status !== 0) process.stderr.write(stderr);
  else writeFileSync(file, terminalPicture(escapeMarkup([program, ...args].join(' ')), stdout.trimEnd().split('\n')));
  process.exitCode = status ?? 70;
}
