/**
 * What the page costs whoever looks at it: its weight, the time to its first picture, and what it does to a processor while
 * 48 nodes send 200 messages a second. Real browser, real server, made-up nodes: what nodes write when they share values
 * and decide is told to the projection of a lab, which makes frames of it.
 *
 * A view's share of a core is the time of its main thread (TaskDuration of Chromium's Performance domain) over the time
 * that has passed. Beside it, without a target: all threads and processes of the browser, which here also paint without
 * a graphics card.
 */
import { readFileSync } from 'node:fs';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { SyntheticLab } from '../dashboard/synthetic-lab.ts';
import { median } from '../history/distribution.ts';
import { newPlan } from '../lab/kept-lab.ts';
import type { Figure } from './codec.ts';

const CHROMIUM = '/usr/bin/chromium';
const NODES = 48;
const VIEWS = ['lab', 'wallets', 'services', 'consensus', 'messages'] as const;
const PAINTS = 5;
const CPU_SHARE_MAX = 15;
const WEIGHT_KB_MAX = 250;
const PAINT_MS_MAX = 1000;
const FULL_MS = 8000;
const QUICK_MS = 4000;
/** Code is compiled and the first lists are made before it is measured. */
const WARM_UP_MS = 2500;
const TICK_MS = 50;
/** With a request and 47 votes each: 96 messages. */
const DECISIONS_PER_SECOND = 2;
const SENSOR_PER_SECOND = 104;

export async function benchPage(quick: boolean): Promise<Figure[]> {
  const lab = await SyntheticLab.open(newPlan('bench', { nodes: NODES, sensors: [] }));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const load = new SyntheticLoad(lab);
  try {
    const figures = await weightAndPaint(browser, lab.url, quick ? 3 : PAINTS);
    load.start();
    for (const view of VIEWS) figures.push(...(await cpuShares(browser, lab.url, view, quick ? QUICK_MS : FULL_MS)));
    figures.push({ name: 'messages that the nodes sent', value: Math.round(load.perSecond), unit: '/s' });
    return figures;
  } finally {
    load.stop();
    await browser.close();
    await lab.close();
  }
}

async function weightAndPaint(browser: Browser, url: string, times: number): Promise<Figure[]> {
  let bytes = 0;
  const paints: number[] = [];
  for (let time = 0; time < times; time++) {
    // A context of its own has nothing in its cache.
    const page = await (await browser.newContext()).newPage();
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    let received = 0;
    const kinds = new Map<string, string>();
    session.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type));
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (['Document', 'Script', 'Stylesheet'].includes(kinds.get(requestId) ?? '')) received += encodedDataLength;
    });
    await page.goto(url);
    await page.locator('.topology .mark').first().waitFor();
    paints.push(
      await page.evaluate<number>(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.POSITIVE_INFINITY",
      ),
    );
    bytes = Math.max(bytes, received);
    await page.context().close();
  }
  return [
    { name: 'page weight', value: round(bytes / 1000), unit: 'kB', target: `<= ${WEIGHT_KB_MAX}` },
    { name: 'first paint p50', value: round(median(paints)), unit: 'ms', target: `<= ${PAINT_MS_MAX}` },
  ];
}

async function cpuShares(browser: Browser, url: string, view: string, measureMs: number): Promise<Figure[]> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.goto(`${url}#/${view}`);
  await pass(page, WARM_UP_MS);
  const before = { main: await mainThreadMs(session), all: await allProcessesMs(browser), at: performance.now() };
  await pass(page, measureMs);
  const after = { main: await mainThreadMs(session), all: await allProcessesMs(browser), at: performance.now() };
  await page.context().close();
  const share = (cpuMs: number): number => round((100 * cpuMs) / (after.at - before.at));
  return [
    {
      name: `${view}: main thread`,
      value: share(after.main - before.main),
      unit: '% of a core',
      target: `<= ${CPU_SHARE_MAX}`,
    },
    { name: `${view}: all of the browser`, value: share(after.all - before.all), unit: '% of a core' },
  ];
}

async function mainThreadMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
}

/** User and system time of every process that the browser has; its own answer is of its processes that have ended, too. */
async function allProcessesMs(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const TICKS_PER_SECOND = 100;
  return processInfo.reduce((sum, { id }) => sum + (1000 * ticksOf(id)) / TICKS_PER_SECOND, 0);
}

function ticksOf(pid: number): number {
  try {
    // The name may hold spaces; what follows its bracket does not.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}

function pass(page: Page, ms: number): Promise<void> {
  return page.waitForTimeout(ms);
}

const round = (value: number): number => Math.round(value * 10) / 10;

const ZERO = '0'.repeat(64);
const hash = (number: number): string => number.toString(16).padStart(64, '0');

/** What 48 nodes write down while they share values and decide, at an even pace. */
class SyntheticLoad {
  readonly #lab: SyntheticLab;
  readonly #seats: readonly string[];
  readonly #units = new Map<string, number>();
  readonly #states = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #sensors = 0;
  #requests = 0;
  #sent = 0;
  #startedAt = 0;

  constructor(lab: SyntheticLab) {
    this.#lab = lab;
    this.#seats = lab.live.plan.seats.map(({ seat }) => seat);
    for (const seat of this.#seats) this.#share(seat, 1000);
  }

  get perSecond(): number {
    return (1000 * this.#sent) / (performance.now() - this.#startedAt);
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#sent = 0;
    this.#timer = setInterval(() => {
      const seconds = (performance.now() - this.#startedAt) / 1000;
      while (this.#sensors < seconds * SENSOR_PER_SECOND) this.#share(this.#seats[this.#sensors++ % NODES]!, 1);
      while (this.#requests < seconds * DECISIONS_PER_SECOND)
        this.#decide(this.#seats[(7 * this.#requests++) % NODES]!);
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #share(seat: string, units: number): void {
    const { tell } = this;
    this.#sent++;
    tell(seat, 'sensor.tx', { pub: seat, topic: 'virtual', value: this.#sensors, sequence: this.#sensors });
    this.#credit(seat, units);
  }

  #credit(id: string, units: number): void {
    const cU = (this.#units.get(id) ?? 0) + units;
    this.#units.set(id, cU);
    for (const seat of this.#seats) this.tell(seat, 'wallet', { id, cU, state: this.#states.get(id) ?? ZERO });
  }

  #decide(requester: string): void {
    const { tell } = this;
    const prevState = this.#states.get(requester) ?? ZERO;
    const request = { reqId: hash(2 * this.#requests + 1), R: requester, prevState, service: 'espresso', price: 2 };
    const voters = this.#seats.filter((seat) => seat !== requester);
    this.#sent += 1 + voters.length;
    tell(requester, 'req.tx', request);
    for (const seat of this.#seats) tell(seat, 'req.rx', { ...request, ok: true });
    for (const voter of voters) {
      const vote = { voter, ...request, remU: 5 };
      tell(voter, 'vote.cast', vote);
      tell(voter, 'vote.tx', vote);
      for (const seat of this.#seats) tell(seat, 'vote.rx', { ...vote, ok: true, counted: true });
    }
    const newState = hash(2 * this.#requests + 2);
    this.#states.set(requester, newState);
    const { quorum } = this.#lab.live;
    for (const seat of this.#seats)
      tell(seat, 'decide', { ...request, newState, remU: 5, nUsed: NODES, qUsed: quorum });
    this.#credit(requester, -10);
    for (const voter of voters.slice(0, quorum)) this.#credit(voter, 10);
    tell(requester, 'svc.end', { ...request, key: newState, phase: 'ended', detail: 'made' });
  }

  readonly tell = (seat: string, event: string, fields: Readonly<Record<string, unknown>>): void =>
    this.#lab.tell(seat, event, fields);
}
