/** The page in a real browser, against real labs on loopback: what a person at the screen sees and does. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { SyntheticLab } from '../../orchestrator/dashboard/synthetic-lab.ts';
import { newPlan } from '../../orchestrator/lab/kept-lab.ts';
import { PROJECT_ROOT } from '../../orchestrator/project.ts';
import { BrowserPage, launchBrowser } from '../support/browser-page.ts';
import { CommandLine } from '../support/command-line.ts';
import { LabPage } from '../support/lab-page.ts';

let browser: Browser;

before(async () => {
  assert.ok(existsSync(join(PROJECT_ROOT, 'dist', 'page', 'index.html')), 'npm run build:page makes the page');
  browser = await launchBrowser();
});

after(() => browser?.close());

async function lab(t: TestContext, ...args: readonly string[]) {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  const up = () =>
    cli.json<{ readonly dashboardUrl: string }>('up', '--nodes', '3', '--no-sensors', '--http', '127.0.0.1:0', ...args);
  const { dashboardUrl: url } = await up();
  return { cli, url, api: new LabPage(url) };
}

async function open(t: TestContext, url: string): Promise<BrowserPage> {
  const opened = await BrowserPage.open(browser, url);
  t.after(() => opened.close());
  return opened;
}

/** What an espresso costs, and more, as every node sees it. */
async function fund(cli: CommandLine, ...nodes: readonly string[]): Promise<void> {
  for (const node of nodes) await cli.ok('sample', node, '--count', '25');
}

const HOSTILE = {
  service: '<img src=x onerror=hit()>',
  program: { kind: 'log', text: '<b onclick=hit()>served</b>' },
  id: '"><script>hit()</script>',
};
const HOSTILE_SEAT = { seat: HOSTILE.id, node: HOSTILE.id };

async function assertNoMarkup({ page }: BrowserPage): Promise<void> {
  assert.equal(await page.locator('main img, main script, main b[onclick], dialog img').count(), 0);
}

describe('the page', () => {
  it('buys an espresso for node 3 after asking, and follows it to the output of the service', async (t) => {
    const { cli, url, api } = await lab(t);
    await fund(cli, '3');
    // As a data link of another page has it: it asks, and does not buy.
    const screen = await open(t, `${url}#/services?buy=espresso&node=3`);
    await screen.shows('dialog', /it costs10 units \(2 DCoin\)the node holds25 units \(5 DCoin\)afterwards15 units/);
    assert.deepEqual((await api.ask('purchases')).purchases, []);
    await screen.page.getByRole('button', { name: 'Buy', exact: true }).click();
    await screen.shows('.purchase .steps', /Votes done.*of 2/);
    await screen.shows('.purchase .steps', /Decision done.*3 of 3 nodes/);
    await screen.shows('.purchase .steps', /Service done.*published to .*espresso/);
    assert.equal((await api.ask('purchases')).purchases.length, 1);
    assert.doesNotMatch(screen.page.url(), /buy=/, 'a reload must not ask again');
    await screen.page.getByRole('link', { name: 'votes and commits' }).click();
    await screen.shows('.request-row', /everywhere/);
    await screen.shows('.details', /quorum.*Commits of nodes.*requester/);
    screen.assertCalm();
  });

  it('is used without a mouse: from the first key to a decided purchase', async (t) => {
    const { cli, url } = await lab(t);
    await fund(cli, '3');
    const screen = await open(t, url);
    const { keyboard } = screen.page;
    await screen.shows('.nodes tbody', /3● up/);
    await keyboard.press('Tab');
    assert.equal(await screen.page.evaluate('document.activeElement.textContent'), 'Skip to the view');
    await screen.tabTo(/^Services$/);
    await keyboard.press('Enter');
    await screen.shows('h1', /Services/);
    await screen.tabTo(/^Buyer/);
    await keyboard.press('3');
    await screen.tabTo(/^Buy espresso for node 3$/);
    await keyboard.press('Enter');
    await screen.shows('dialog', /the node holds25 units/);
    await screen.tabTo(/^Buy$/);
    await keyboard.press('Enter');
    await screen.shows('.purchase .steps', /Decision done.*3 of 3 nodes/);
    await screen.shows('main', /1 time/);
    screen.assertCalm();
  });

  it('shows a node that is killed going down, and a link that is cut until it is healed', async (t) => {
    const { url } = await lab(t);
    const screen = await open(t, url);
    const { page } = screen;
    await page.locator('.mark[data-seat="2"]').click();
    await screen.shows('.panel', /Node 2 ● up.*its view of n3 nodes, quorum 2/);
    await page.getByRole('button', { name: 'Kill' }).click();
    await screen.shows('tr[data-seat="2"]', /○ down|✕ crashed/);
    await screen.shows('.mark[data-seat="2"] title', /2: (down|crashed)/);
    await screen.shows('.summary', /2 up/);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await screen.shows('tr[data-seat="2"]', /● up/);

    await page.getByRole('link', { name: 'Faults', exact: true }).click();
    await page.getByLabel('From', { exact: true }).fill('1');
    await page.getByLabel('To', { exact: true }).fill('3');
    await page.getByRole('button', { name: 'Start this fault' }).click();
    await screen.shows('.faults', /verified/);
    await page.getByRole('link', { name: 'Lab', exact: true }).click();
    await screen.shows('.damage path.cut title', /^1 ↔ 3 cut$/);
    await page.getByRole('link', { name: 'To the faults' }).click();
    await page.getByRole('button', { name: /^Heal/ }).click();
    await screen.shows('.faults', /healed/);
    await page.getByRole('link', { name: 'Lab', exact: true }).click();
    await screen.shows('.nodes', /3● up/);
    assert.equal(await page.locator('.damage path').count(), 0);

    await page.goto(`${url}#/faults`);
    await page.getByLabel('From', { exact: true }).fill('1, nowhere');
    await page.getByLabel('To', { exact: true }).fill('99');
    await page.getByRole('button', { name: 'Start this fault' }).click();
    await screen.shows('.notice.bad', /nowhere.*99/);
    screen.assertCalm(/status of 400/);
  });

  it('shows the name of a service as text, in its dialog and wherever it is bought', async (t) => {
    const services = join(new CommandLine().home, 'services.json');
    writeFileSync(services, JSON.stringify([{ name: HOSTILE.service, priceDcoins: 1, program: HOSTILE.program }]));
    const { cli, url } = await lab(t, '--services', services);
    await fund(cli, '1');
    const screen = await open(t, `${url}#/services`);
    await screen.page.getByRole('link', { name: 'Buy' }).first().click();
    await screen.shows('dialog h2', /<img src=x onerror=hit\(\)>/);
    await screen.page.getByRole('button', { name: 'Buy', exact: true }).click();
    await screen.shows('.purchase', /<img src=x onerror=hit\(\)> for node 1.*Decision done/);
    await screen.page.goto(
      `${url}#/services?buy=${encodeURIComponent(HOSTILE.id)}&node=${encodeURIComponent(HOSTILE.id)}`,
    );
    await screen.shows('.notice', /no service .*<script>hit\(\)/);
    await assertNoMarkup(screen);
    screen.assertCalm();
  });

  it('shows ids, messages and reasons that nodes have made up as text, in every view', async (t) => {
    const plan = newPlan('made-up', { nodes: 3, sensors: [] });
    const made = await SyntheticLab.open({
      ...plan,
      seats: plan.seats.map((seat, i) => (i === 2 ? { ...seat, ...HOSTILE_SEAT } : seat)),
    });
    t.after(() => made.close());
    const { id, service } = HOSTILE;
    made.live.seat(id, 'crashed', id);
    made.tell('1', 'sensor.tx', { topic: id, [id]: [id, id] }, id);
    made.tell('1', 'wallet', { id, cU: 7, state: id });
    made.tell('2', 'wallet', { id, cU: 9, state: service });
    const request = { reqId: id, R: id, prevState: id, service, price: 2 };
    made.tell('1', 'req.tx', request, id);
    made.tell('2', 'vote.tx', { ...request, voter: id, remU: 3 }, id);
    made.tell('1', 'decide', { ...request, newState: id, remU: 3, nUsed: 3, qUsed: 2 });
    made.tell('1', 'svc.end', { ...request, key: id, phase: service, detail: id });
    made.tell('2', 'conditions', { behaviours: [{ kind: id }] });
    const screen = await open(t, made.url);
    const { page } = screen;
    await screen.shows('.nodes', /<script>hit/);
    await page.locator('.nodes button').last().click();
    await screen.shows('.panel', /<script>hit/);
    for (const [view, selector] of [
      ['Wallets', '.matrix'],
      ['Consensus', '.requests'],
      ['Messages', '.messages'],
      ['Services', 'select'],
    ] as const) {
      await page.getByRole('navigation').getByRole('link', { name: view }).click();
      await screen.shows(selector, /<script>hit/);
      if (view === 'Wallets') await page.locator('.matrix button').last().click();
      if (view === 'Consensus') await page.locator('.requests button').first().click();
      await assertNoMarkup(screen);
    }
    screen.assertCalm(/status of 503|status of 404/);
  });

  it('counts the messages that it leaves out, and has them when it is paused', async (t) => {
    const made = await SyntheticLab.open(newPlan('busy', { nodes: 2, sensors: [] }));
    t.after(() => made.close());
    for (let value = 1; value <= 300; value++) made.tell('1', 'sensor.tx', { value: `v${value}` });
    const screen = await open(t, `${made.url}#/messages`);
    const { page } = screen;
    await screen.shows('.messages', /value v300/);
    assert.equal(await page.locator('.messages tbody tr').count(), 40);
    for (let value = 301; value <= 600; value++) made.tell('2', 'sensor.tx', { value: `v${value}` });
    await screen.shows('.summary', /200 left out in between/);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByLabel('Containing').fill('v350');
    await screen.shows('.messages', /value v350/);
    made.tell('1', 'req.tx', { reqId: 'aa', R: '1', value: 'v350' });
    await page.getByLabel('Node').selectOption('2');
    assert.equal(await page.locator('.messages tbody tr').count(), 1);
    await page.getByLabel('Containing').fill('nothing like it');
    await screen.shows('.empty', /None of the last 600 messages is like that/);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByLabel('Containing').fill('');
    await page.getByLabel('Kind').selectOption('request');
    await page.getByLabel('Node').selectOption('');
    await screen.shows('.messages', /request.*reqId aa/);
    screen.assertCalm(/status of 503/);
  });

  it('asks for the token where changes need one, and says why something was not done', async (t) => {
    const made = await SyntheticLab.open(newPlan('guarded', { nodes: 2, sensors: [] }), 'thetoken');
    t.after(() => made.close());
    const screen = await open(t, `${made.url}#/services?buy=espresso&node=2`);
    const buy = screen.page.getByRole('button', { name: 'Buy', exact: true });
    await buy.click();
    await screen.shows('dialog .notice', /changes need its token/);
    await screen.page.getByLabel('Token of the lab').fill('thetoken');
    await screen.page.getByRole('button', { name: 'Keep it' }).click();
    await screen.shows('dialog .notice', /Try again/);
    await buy.click();
    await screen.shows('dialog .notice', /this lab has no nodes/);
    screen.assertCalm(/status of (401|503)/);
  });

  it('says that the lab does not answer, and goes on by itself with the one that comes back', async (t) => {
    const { cli, url } = await lab(t);
    const port = new URL(url).port;
    const screen = await open(t, `${url}#/wallets`);
    await screen.shows('.link-state', /live/);
    await fund(cli, '1');
    await screen.shows('[data-wallet="1"]', /5 DCoin/);
    await cli.ok('down');
    await screen.shows('.banners', /does not answer, trying again/);
    await cli.ok('up', '--http', `127.0.0.1:${port}`);
    await screen.shows('.link-state', /live/, 30_000);
    await screen.shows('.banners', /^$/);
    await fund(cli, '2');
    await screen.shows('[data-wallet="2"]', /5 DCoin/);
    await screen.shows('.summary', /agree on/);
    screen.assertCalm(/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|status of 503/);
  });
});
