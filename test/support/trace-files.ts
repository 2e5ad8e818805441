/** Schedules written by tests: each becomes a file of its own and goes through the command. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { traceCommand } from '../../orchestrator/trace/trace-command.ts';
import type { TraceJson } from '../../orchestrator/trace/trace-json.ts';

export interface TraceOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own, removed after the tests of the file. */
export const folder = mkdtempSync(join(tmpdir(), 'wallance-trace-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

export function fileOf(yaml: string): string {
  const path = join(folder, `${++files}.yaml`);
  writeFileSync(path, yaml);
  return path;
}

export async function command(...args: string[]): Promise<TraceOutcome> {
  let [stdout, stderr] = ['', ''];
  const code = await traceCommand(args, { stdout: (text) => (stdout += text), stderr: (text) => (stderr += text) });
  return { code, stdout, stderr };
}

export async function run(yaml: string, ...options: string[]): Promise<TraceOutcome> {
  return command(fileOf(yaml), ...options);
}

/** What a schedule that can be run comes to. */
export async function json(yaml: string): Promise<TraceJson> {
  const { code, stdout, stderr } = await run(yaml, '--json');
  assert.ok(code === 0 || code === 1, stderr);
  return JSON.parse(stdout) as TraceJson;
}

/** What is wrong with a schedule: `line: path: expected X, got Y`. */
export async function problems(yaml: string): Promise<string[]> {
  const { code, stdout, stderr } = await run(yaml);
  assert.equal(code, 64, stdout + stderr);
  return stderr
    .replaceAll(folder, '')
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\/\d+\.yaml:/, ''));
}

export const REQUEST = '{ request: { name: A, requester: 1, service: Nespresso, priceDcoins: 2, time: 1000 } }';

/** Eight nodes with 23 units in each wallet, and these steps, the first of them on line 4. */
export function steps(...list: string[]): string {
  return `nodes: 8\nwallets: 23\nsteps:\n${list.map((step) => `  - ${step}\n`).join('')}`;
}

/** A decided purchase of 1 as request A, on lines 4 to 6. */
export const PURCHASE = steps(REQUEST, '{ deliver: A, to: all }', '{ deliver: votes, for: A, to: all }');
