/**
 * Takes the pictures of the page for the documents: `node orchestrator/dashboard/take-pictures.ts DIRECTORY [CHECKED]`.
 * A lab of eight real nodes is started, buys, and is broken in a few places; each view is then looked at as page-VIEW.png,
 * 1280 pixels wide and light. The same views at 390 pixels and in the dark go to CHECKED, where it is given. Exit code 1
 * where a view is wider than its window, or a text is cut off by what it stands in.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { EXIT } from '../cli/exit-code.ts';
import { PROJECT_ROOT } from '../project.ts';

const CHROMIUM = '/usr/bin/chromium';
const NODES = 8;
const LOOKS = [
  { name: 'light', width: 1280, height: 860, colorScheme: 'light' },
  { name: 'dark', width: 1280, height: 860, colorScheme: 'dark' },
  { name: 'narrow', width: 390, height: 844, colorScheme: 'light' },
  { name: 'narrow-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;

interface View {
  readonly name: string;
  readonly hash: string;
  /** Until it shows what it is to show, and whatever is to be opened in it. */
  readonly ready: (page: Page) => Promise<void>;
}

const VIEWS: readonly View[] = [
  {
    name: 'lab',
    hash: 'lab',
    ready: async (page) => {
      await page.locator('.damage path').first().waitFor();
      await page.locator('.mark.byzantine').waitFor();
      await page.locator('.nodes button').nth(2).click();
      await page.getByText('pending requests').waitFor();
    },
  },
  {
    name: 'wallets',
    hash: 'wallets',
    ready: async (page) => {
      await page.locator('td.apart').first().waitFor();
      await page.locator('[data-wallet="3"] button').click();
      await page.locator('.chart').waitFor();
    },
  },
  { name: 'services', hash: 'services?node=3', ready: (page) => page.locator('.purchase').first().waitFor() },
  {
    name: 'purchase',
    hash: 'services?buy=espresso&node=3',
    ready: (page) => page.locator('dialog dd').nth(2).waitFor(),
  },
  {
    name: 'consensus',
    hash: 'consensus',
    ready: async (page) => {
      await page.locator('.badge.stuck').first().waitFor();
      await page.locator('.request-row .badge.everywhere').first().waitFor();
      await page.locator('.request-row button').nth(1).click();
    },
  },
  { name: 'messages', hash: 'messages', ready: (page) => page.locator('.messages .kind').first().waitFor() },
  {
    name: 'faults',
    hash: 'faults',
    ready: async (page) => {
      await page.locator('.badge.verified').first().waitFor();
      await page.getByLabel('From', { exact: true }).fill('the attic');
      await page.getByRole('button', { name: 'Start this fault' }).first().click();
      await page.locator('.notice.bad').waitFor();
    },
  },
  { name: 'runs', hash: 'runs', ready: (page) => page.locator('.runs .badge').first().waitFor() },
];

async function takePictures(pictures: string, others: string | null): Promise<string[]> {
  const home = mkdtempSync(join(tmpdir(), 'wallance-pictures-'));
  const wallance = (...args: readonly string[]): string => {
    const launcher = join(PROJECT_ROOT, 'orchestrator', 'wallance.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
      cwd: home,
      encoding: 'utf8',
    });
    // A run whose checks fail is wanted here.
    if (status !== EXIT.pass && status !== EXIT.failed)
      throw new Error(`wallance ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    for (const scenario of ['baseline-8', 'split-5-3', 'equivocators-above-bound'])
      wallance('run', scenario, '--runtime', 'simulated');
    const up = wallance('up', '--nodes', String(NODES), '--http', '127.0.0.1:0', '--json');
    const { dashboardUrl } = JSON.parse(up) as { readonly dashboardUrl: string };
    await liveThrough(dashboardUrl);
    const problems: string[] = [];
    for (const look of LOOKS) {
      const directory = look.name === 'light' ? pictures : others;
      if (directory !== null) mkdirSync(directory, { recursive: true });
      for (const view of VIEWS) {
        const file = look.name === 'light' ? `page-${view.name}.png` : `page-${view.name}-${look.name}.png`;
        const { width, height, colorScheme } = look;
        const options = { viewport: { width, height }, colorScheme };
        const found = await takePicture(browser, dashboardUrl, view, options, directory && join(directory, file));
        problems.push(...found.map((problem) => `${view.name}, ${look.name}: ${problem}`));
      }
    }
    return problems;
  } finally {
    await browser.close();
    wallance('down', '--volumes');
    rmSync(home, { recursive: true, force: true });
  }
}

/** What is cut off, or sticks out. What may be scrolled is not. */
const CUT_OFF = `(() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth)
    found.push('the view is ' + document.documentElement.scrollWidth + ' wide, its window ' + innerWidth);
  for (const element of document.querySelectorAll('button, a, label, h1, h2, p, dt, dd, th, td, li, summary')) {
    if (element.closest('.hidden, .scroll, .skip, svg') !== null || element.classList.contains('hidden')) continue;
    const { left, right, width } = element.getBoundingClientRect();
    if (width > 0 && (left < -1 || right > innerWidth + 1)) found.push('sticks out: ' + element.textContent.slice(0, 60));
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
      found.push('is wider than its place: ' + element.textContent.slice(0, 60));
  }
  return found;
})()`;

async function takePicture(
  browser: Browser,
  url: string,
  view: View,
  options: BrowserContextOptions,
  file: string | null,
): Promise<string[]> {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 400/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${url}#/${view.hash}`);
  await view.ready(page);
  await page.locator('.link-state.live').waitFor();
  await page.evaluate('document.activeElement?.blur(); document.fonts.ready');
  if (file !== null)
    await page.screenshot({ path: file, fullPage: view.name !== 'messages' && view.name !== 'purchase' });
  const found = await page.evaluate<string[]>(CUT_OFF);
  await page.context().close();
  return [...found, ...complaints];
}

/** Purchases that go well, then a Byzantine node, a cut link, a partition and a crash, and one that is stuck. */
async function liveThrough(url: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<void> => {
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': `picture-${path}-${JSON.stringify(body)}`.slice(0, 128),
    };
    const response = await fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  };
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const end = performance.now() + 30_000;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`not within 30 s: ${what}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  };
  const states = async (): Promise<readonly string[]> => {
    const answer = (await (await fetch(new URL('/api/requests', url))).json()) as {
      readonly requests: readonly { readonly state: string }[];
    };
    return answer.requests.map(({ state }) => state);
  };
  for (let node = 1; node <= NODES; node++) await post('/api/samples', { node: String(node), count: 40 });
  const bought = [
    ['3', 'espresso'],
    ['5', 'Tea'],
    ['1', 'Nespresso'],
    ['6', 'espresso'],
    ['2', 'Tea'],
  ];
  for (const [index, [node, service]] of bought.entries()) {
    // Its values may still be on their way.
    await post('/api/purchases', { node, service, mode: 'wait' });
    await until(`purchase ${index + 1} is decided everywhere`, async () => {
      const all = await states();
      return all.length === index + 1 && all.every((state) => state === 'everywhere');
    });
  }
  await post('/api/faults', { behave: { nodes: '7', behaviours: ['wrong-remaining'] } });
  await post('/api/faults', { link: { between: ['2', '5'], drop: 1 } });
  await post('/api/faults', { link: { from: '4', to: '1', delay: '40ms' } });
  await post('/api/faults', { partition: { sides: ['8'] } });
  await post('/api/nodes/6/kill', {});
  await post('/api/samples', { node: '3', count: 4 });
  await post('/api/purchases', { node: '5', service: 'espresso' });
  await until('the last purchase is stuck', async () => (await states()).includes('stuck'));
}

const [target, checked] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write('take-pictures: expected DIRECTORY [CHECKED], got nothing\n');
  process.exitCode = EXIT.usage;
} else {
  const problems = await takePictures(resolve(target), checked === undefined ? null : resolve(checked));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? EXIT.pass : EXIT.failed;
}
