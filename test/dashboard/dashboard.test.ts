/** The page's side of a real lab: processes on loopback, started by the command, asked over HTTP. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ROUTES, type Route } from '../../orchestrator/dashboard/api/route-table.ts';
import type { BuyResult, LabStatus } from '../../orchestrator/lab/lab-commands.ts';
import { CommandLine } from '../support/command-line.ts';
import { LabPage } from '../support/lab-page.ts';
import { eventually } from '../support/waiting.ts';

async function started(t: TestContext, ...args: readonly string[]) {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  const up = await cli.json<{ readonly dashboardUrl: string }>(
    ...['up', '--nodes', '3', '--no-sensors', '--http', '127.0.0.1:0', ...args],
  );
  return { cli, url: up.dashboardUrl, page: new LabPage(up.dashboardUrl) };
}

/** The figures that two looks at the same thing do not share. */
function steady(status: LabStatus): unknown {
  const { control: _, fabric, nodes, ...rest } = status;
  return {
    ...rest,
    fabric: fabric && Object.keys(fabric),
    nodes: nodes.map(({ report, ...node }) => ({ ...node, wallets: report?.wallets, locks: report?.locks })),
  };
}

describe('a lab over HTTP', () => {
  it('buys, and is followed from the order to the service; the command says the same', async (t) => {
    const { cli, page } = await started(t);
    const events = page.events();
    t.after(() => events.close());
    await events.when(({ full, lab }) => full && lab?.nodes.length === 3, 'the lab as it is');

    const poor = await page.refused('buy', {
      body: { node: '2', service: 'espresso' },
      headers: { 'idempotency-key': 'too-poor-for-it' },
    });
    assert.deepEqual([poor.status, poor.code], [409, 'refused']);
    assert.doesNotMatch(poor.message, /--wait/);

    const samples = { node: '3', topic: 'manual', value: 1, count: 25 };
    assert.deepEqual(await page.ask('sample', { body: samples }), { seat: '3', ...samples });
    await events.when(
      ({ wallets }) =>
        wallets?.changed.some(({ id, agreed, views }) => id === '3' && agreed && views[0]!.units === 25) === true,
      'all nodes with 25 units for node 3',
    );

    const order = { body: { node: '3', service: 'espresso' }, headers: { 'idempotency-key': 'first-order' } };
    const placed = await page.ask('buy', order);
    assert.equal(placed.outcome, 'requested');
    await events.when(
      ({ requests }) =>
        requests?.changed.some(({ state, served }) => state === 'everywhere' && served !== null) === true,
      'the request decided everywhere and served',
    );
    const purchase = await page.ask('purchase', { parameters: { orderId: placed.orderId } });
    assert.deepEqual([purchase.outcome, purchase.decidedBy, purchase.remainingUnits], ['decided', 3, 15]);
    assert.match(purchase.served?.detail ?? '', /^published to .*espresso$/);
    const { requests, latency } = await page.ask('requests');
    assert.deepEqual(
      requests.map(({ requestId, votes, commits }) => [
        requestId,
        votes.map(({ voter }) => voter).sort(),
        commits.length,
      ]),
      [[purchase.requestId, ['1', '2'], 3]],
    );
    assert.equal(latency.requester?.count, 1);

    // Once more with the same key: the same purchase, not another one.
    assert.equal((await page.ask('buy', order)).orderId, placed.orderId);
    assert.deepEqual(
      (await page.ask('purchases')).purchases.map(({ outcome }) => outcome),
      ['refused', 'decided'],
    );
    const other = await page.refused('buy', { ...order, body: { node: '3', service: 'Tea' } });
    assert.deepEqual([other.status, other.code], [409, 'key-reused']);

    const byCommand = await cli.json<BuyResult>('buy', '3', 'Tea');
    assert.deepEqual(await page.ask('purchase', { parameters: { orderId: byCommand.orderId } }), byCommand);
    assert.deepEqual(
      await cli.json('sample', '1', '--count', '2'),
      await page.ask('sample', { body: { node: '1', count: 2 } }),
    );
    await eventually(async () => {
      const { nodes, differences } = await page.ask('lab');
      return differences.length === 0 && nodes.every(({ report }) => report?.sensorTransactions === 25 + 2 + 2);
    }, 'all values heard by all nodes');
    await eventually(async () => {
      const { wallets } = await page.ask('wallets');
      return wallets.length === 3 && wallets.every(({ agreed, views }) => agreed && views[0]!.seats.length === 3);
    }, 'the projection seeing the same');
    assert.deepEqual(
      steady((await page.ask('lab')) as unknown as LabStatus),
      steady(await cli.json<LabStatus>('status')),
    );
    assert.deepEqual(
      (await page.ask('walletHistory', { parameters: { node: '3' } })).changes
        .map(({ cause, units }) => [cause, units])
        .slice(1),
      [
        ['sensor', 25],
        ['decision', 15],
        ['decision', 10],
      ],
    );
    const { messages } = await page.ask('messages', { query: '?limit=2000' });
    assert.ok(
      ['sensor', 'request', 'vote', 'decision', 'service'].every((kind) => messages.some((m) => m.kind === kind)),
    );
    assert.deepEqual(
      (await page.ask('services')).services.map(({ name, bought }) => [name, bought]),
      [
        ['espresso', 1],
        ['Nespresso', 0],
        ['Tea', 1],
      ],
    );
  });

  it('sees a node go and come back, a link cut and healed, and recovers when the lab restarts', async (t) => {
    const { cli, url, page } = await started(t);
    const events = page.events('faults,lab');
    t.after(() => events.close());
    const first = await events.when(({ full }) => full, 'the lab as it is');
    const shows = (seat: string, state: string) =>
      events.when(
        ({ lab }) => lab?.nodes.some((node) => node.seat === seat && node.state === state) === true,
        `node ${seat} ${state}`,
        1,
      );
    const changed = await page.ask('changeNode', { parameters: { seat: '2', command: 'kill' }, body: {} });
    assert.deepEqual(changed, { seat: '2', node: '2', state: 'down', detail: 'killed' });
    await shows('2', 'down');
    assert.equal((await page.ask('node', { parameters: { seat: '2' } })).report, null);
    assert.deepEqual(await cli.json('stop', '2', '--kill'), changed);
    assert.deepEqual(
      await page.ask('changeNode', { parameters: { seat: '2', command: 'start' }, body: {} }),
      await cli.json('start', '2'),
    );
    await shows('2', 'ready');

    const cut = await page.ask('startFault', { body: { partition: { sides: ['1', '2-3'] } } });
    assert.deepEqual([cut.state, cut.kind, cut.links.length], ['asked', 'partition', 2]);
    const seen = async (id: string, state: string) =>
      events.when(
        ({ faults }) => faults?.changed.some((fault) => fault.id === id && fault.state === state) === true,
        `fault ${id} ${state}`,
      );
    await seen(cut.id, 'verified');
    const healed = await page.ask('healFault', { parameters: { id: cut.id } });
    assert.deepEqual([healed.state, healed.active], ['healed', false]);
    await seen(cut.id, 'healed');
    assert.deepEqual(await page.ask('healFault', { parameters: { id: cut.id } }), healed);

    const crash = await page.ask('startFault', { body: { crash: '3' } });
    await seen(crash.id, 'verified');
    await shows('3', 'down');
    assert.equal((await page.ask('healFault', { parameters: { id: crash.id } })).state, 'healed');
    assert.equal((await page.ask('node', { parameters: { seat: '3' } })).state, 'ready');
    const told = await page.ask('startFault', { body: { behave: { nodes: [1], behaviours: ['silent-voter'] } } });
    await events.when(
      ({ lab }) => lab?.nodes.some(({ seat, behaviours }) => seat === '1' && behaviours[0] === 'silent-voter') === true,
      'node 1 told to be silent',
    );
    await cli.ok('restart', '1', '--kill');
    await eventually(async () => {
      const { report } = await page.ask('node', { parameters: { seat: '1' } });
      return report?.conditions.behaviours.length === 1;
    }, 'what it was told to outlive its restart');
    const wrong = await page.refused('startFault', { body: { crash: ['4'], at: '3s' } });
    assert.deepEqual(
      wrong.problems.map(({ path }) => path),
      ['at', 'crash'],
    );
    assert.deepEqual(
      (await page.ask('faults')).faults.map(({ id, active }) => [id, active]),
      [
        [cut.id, false],
        [crash.id, false],
        [told.id, true],
      ],
    );
    assert.equal((await page.ask('faultKinds')).kinds.length, 13);

    // Paused, it could not be stopped in good order: the lab's end heals it.
    const pause = await page.ask('startFault', { body: { pause: '2' } });
    await seen(pause.id, 'verified');
    assert.deepEqual(await page.ask('down', { body: {} }), { missed: {} });
    await eventually(() => events.ended, 'the end of the events');
    await eventually(async () => (await cli.run('status')).code === 4, 'the end of the lab');
    await cli.ok('up', '--no-sensors', '--http', new URL(url).host);
    const again = page.events('lab');
    t.after(() => again.close());
    const later = await again.when(({ full }) => full, 'the lab as it is now');
    assert.notEqual(later.boot, first.boot);
    assert.deepEqual(
      later.lab!.nodes.map(({ state, behaviours }) => [state, behaviours.length]),
      [
        ['ready', 0],
        ['ready', 0],
        ['ready', 0],
      ],
    );
  });

  it('is guarded', async (t) => {
    const { cli, page } = await started(t);
    mkdirSync(join(cli.home, 'runs', 'shown', '20260101T000000Z-1-x'), { recursive: true });
    writeFileSync(join(cli.home, 'runs', 'shown', '20260101T000000Z-1-x', 'report.html'), '<script>alert(1)</script>');
    const { port } = page.url;
    const json = { 'content-type': 'application/json', 'idempotency-key': 'a-key-of-its-own' };
    const order = JSON.stringify({ node: '3', service: 'espresso', mode: 'wait' });
    const buy = (headers: Record<string, string>) =>
      page.send('POST', '/api/purchases', { ...json, ...headers }, order);
    const refused = async (sent: ReturnType<typeof buy>, status: number, code: string): Promise<void> => {
      const reply = await sent;
      assert.deepEqual([reply.status, JSON.parse(reply.text).code], [status, code], reply.text);
      assert.doesNotMatch(reply.text, /\.ts|node_modules|at \w+ \(/);
      assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    };
    await refused(buy({ origin: 'http://evil.example' }), 403, 'foreign');
    await refused(buy({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` }), 403, 'foreign');
    await refused(buy({ 'sec-fetch-site': 'cross-site' }), 403, 'foreign');
    await refused(buy({ 'content-type': 'text/plain' }), 415, 'media-type');
    await refused(buy({ 'idempotency-key': 'short' }), 400, 'usage');
    await refused(page.send('GET', '/api/lab', { host: 'evil.example' }), 403, 'foreign');
    await refused(page.send('GET', '/api/nodes/1/stop'), 405, 'method');
    const spending = { query: '?node=3&service=espresso&mode=force', headers: { 'x-http-method-override': 'POST' } };
    assert.deepEqual(await page.ask('purchases', spending), { purchases: [] });
    await refused(page.send('POST', '/api/purchases', json, `{"node":"${'9'.repeat(70_000)}"}`), 413, 'too-long');
    await refused(page.send('POST', '/api/purchases', json, '{"node":'), 400, 'usage');
    await refused(page.send('POST', '/api/purchases', json, '{"__proto__":{"node":"3"}}'), 400, 'usage');
    await refused(page.send('POST', '/api/purchases', json), 400, 'usage');
    await refused(page.send('GET', '/api/events?topics=lab,secrets'), 400, 'usage');
    await refused(page.send('GET', '/api/runs/..%2f..%2flabs/lab'), 404, 'unknown');
    await refused(page.send('GET', '/api/runs/shown/..%2f..%2f..%2flab.json'), 404, 'unknown');
    await refused(page.send('GET', '/%2e%2e/package.json'), 404, 'unknown');
    const all = await page.refused('buy', { body: { node: 3, mode: 'now', extra: 1 } });
    assert.deepEqual(
      all.problems.map(({ path }) => path),
      ['node', 'service', 'mode', 'extra', 'Idempotency-Key'],
    );
    assert.deepEqual((await page.ask('purchases')).purchases, []);

    const index = await page.send('GET', '/');
    assert.equal(
      index.headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assert.equal((await page.send('GET', '/', { 'if-none-match': index.headers.etag! })).status, 304);
    const report = await page.send('GET', '/api/runs/shown/20260101T000000Z-1-x/report.html');
    assert.match(report.headers['content-security-policy'] as string, /default-src 'none'.*sandbox/);
    assert.doesNotMatch(report.headers['content-security-policy'] as string, /script/);
    for (const name of ['node', 'walletHistory', 'purchase', 'healFault', 'run'] as const) {
      const parameters = Object.keys((ROUTES[name] as Route).parameters!);
      const unknown = await page.refused(name, {
        parameters: Object.fromEntries(parameters.map((key) => [key, 'nobody'])),
      });
      assert.deepEqual([unknown.status, unknown.code], [404, 'unknown'], name);
    }
  });

  it('bound to more than loopback wants its token for what changes something', async (t) => {
    const cli = new CommandLine();
    t.after(() => cli.run('down', '--volumes'));
    const said = await cli.ok('up', '--nodes', '3', '--no-sensors', '--http', '0.0.0.0:0');
    const [, url, token] = /See it live: (\S+)#token=(\S+)/.exec(said)!;
    const page = new LabPage(url!);
    const file = join(cli.home, 'labs', 'lab', 'dashboard-token');
    assert.equal(readFileSync(file, 'utf8').trim(), token);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const samples = { body: { node: '1' } };
    const without = await page.refused('sample', samples);
    assert.deepEqual([without.status, without.code], [401, 'token']);
    assert.equal((await page.ask('sample', { ...samples, headers: { authorization: `Bearer ${token}` } })).count, 1);
    const read = JSON.stringify(await page.ask('lab')) + readFileSync(join(cli.home, 'labs', 'lab', 'lab.log'), 'utf8');
    assert.ok(!read.includes(token!), 'the token is told to nobody else');
    assert.ok(!(await cli.ok('up')).includes(token!), 'nor a second time');
    const none = await cli.run('up', '--lab', 'other', '--http', '127.0.0.1:1', '--no-http');
    assert.equal(none.code, 64);
  });
});
