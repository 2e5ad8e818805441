/**
 * Whether those who look change what they see: purchases one after another in a lab of eight node processes, with 50 open
 * event streams and without, in turns, so that whatever else the machine does falls on both. What is compared is the
 * median time from request to commit on every node, as the lab's API tells it.
 *
 * A reader here takes all that an open page is sent and throws it away; what a page does with it is measured in page.ts,
 * on the machine of whoever looks.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AnswerOf } from '../dashboard/api/route-table.ts';
import { distributionOf, median } from '../history/distribution.ts';
import { programFile } from '../project.ts';
import type { Figure } from './codec.ts';

const NODES = 8;
const READERS = 50;
const TURNS = 6;
const TURNS_QUICK = 3;
const PURCHASES_A_TURN = 24;
const LOOK_AGAIN_MS = 10;
const WAIT_MS_MAX = 20_000;
const RATIO_MAX = 1.2;

export async function benchPageReaders(quick: boolean): Promise<Figure[]> {
  const home = mkdtempSync(join(tmpdir(), 'wallance-bench-'));
  const wallance = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [programFile('orchestrator/main').file, ...args], {
      cwd: home,
      env: { WALLANCE_HOME: home },
    });
  try {
    const up = ['up', '--nodes', String(NODES), '--no-sensors', '--http', '127.0.0.1:0', '--json'];
    const { dashboardUrl } = JSON.parse((await wallance(...up)).stdout) as { readonly dashboardUrl: string };
    return await measure(dashboardUrl, quick ? TURNS_QUICK : TURNS);
  } finally {
    await wallance('down', '--volumes').catch(() => {});
    rmSync(home, { recursive: true, force: true });
  }
}

async function measure(url: string, turns: number): Promise<Figure[]> {
  await fund(url, turns);
  await purchases(url, 0);
  const [alone, watched]: [number[], number[]] = [[], []];
  for (let turn = 1; turn <= turns; turn++) {
    const first = turn % 2 === 0;
    for (const looking of [first, !first]) {
      const readers = looking ? await open(url) : [];
      const times = await purchases(url, turn);
      for (const reader of readers) reader.destroy();
      (looking ? watched : alone).push(distributionOf(times)!.p50);
    }
  }
  const ratio = median(watched.map((ms, turn) => ms / alone[turn]!));
  return [
    { name: 'request to all committed, p50, nobody looks', value: rounded(median(alone)), unit: 'ms' },
    { name: `request to all committed, p50, ${READERS} pages open`, value: rounded(median(watched)), unit: 'ms' },
    { name: 'ratio of these, median of the turns', value: rounded(ratio), unit: '', target: `<= ${RATIO_MAX}` },
  ];
}

/** Enough for all purchases of each node. */
async function fund(url: string, turns: number): Promise<void> {
  const count = 5 * Math.ceil(((2 * turns + 1) * PURCHASES_A_TURN) / NODES) + 10;
  for (let node = 1; node <= NODES; node++)
    await post(url, 'api/samples', { node: String(node), topic: 'bench', value: 1, count });
}

/** Requesters in turn, each when all nodes have the purchase before; milliseconds to the last node's commit. */
async function purchases(url: string, turn: number): Promise<number[]> {
  const times: number[] = [];
  for (let number = 0; number < PURCHASES_A_TURN; number++) {
    const node = String((number % NODES) + 1);
    const body = { node, service: 'Tea', mode: 'wait' };
    const key = `bench-${turn}-${number}-${performance.now()}`;
    const { orderId } = (await post(url, 'api/purchases', body, key)) as AnswerOf<'buy'>;
    times.push(await decided(url, orderId));
  }
  return times;
}

async function decided(url: string, orderId: string): Promise<number> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const response = await fetch(new URL(`api/purchases/${orderId}`, url));
    const { allMs, outcome, detail } = (await response.json()) as AnswerOf<'purchase'>;
    if (allMs !== null) return allMs;
    if (performance.now() > deadlineMs) throw new Error(`a purchase is ${outcome} for ${WAIT_MS_MAX} ms: ${detail}`);
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}

async function post(url: string, path: string, body: object, key?: string): Promise<unknown> {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Event streams of everything, as many as there are readers; resolves when each has had its first bytes. */
function open(url: string): Promise<ClientRequest[]> {
  const one = (): Promise<ClientRequest> =>
    new Promise((done, fail) => {
      const request = get(new URL('api/events', url), (response) => {
        response.on('error', () => {});
        response.once('data', () => done(request));
      });
      request.on('error', fail);
    });
  return Promise.all(Array.from({ length: READERS }, one));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
