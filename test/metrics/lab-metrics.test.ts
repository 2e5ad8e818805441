/** The lab's metrics over a made-up lab: nothing that a node writes becomes a label, and what nobody knows is not zero. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveLab } from '../../orchestrator/dashboard/live-lab.ts';
import type { Observation } from '../../orchestrator/history/observation.ts';
import { planLab, type SeatPlan } from '../../orchestrator/lab/lab-plan.ts';
import { LabMetrics } from '../../orchestrator/metrics/lab-metrics.ts';
import { scrapeTargets } from '../../orchestrator/metrics/scrape-targets.ts';

function world(seats: readonly SeatPlan[]) {
  const result = planLab({
    lab: 'made-up',
    nodes: seats.length,
    seats,
    profile: 'paper',
    parameters: {},
    services: null,
    sensors: null,
    durability: 'process',
    qos: 1,
    seed: '1',
  });
  assert.ok(result.ok);
  const metrics = new LabMetrics(result.plan.services);
  const live = new LiveLab(result.plan, 'boot', (step) => metrics.step(step));
  const told = new Map<string, number>();
  const tell = (seat: string, event: string, more: Readonly<Record<string, unknown>>): void => {
    const seq = (told.get(seat) ?? 0) + 1;
    told.set(seat, seq);
    const { node } = seats.find((place) => place.seat === seat)!;
    const observation = { seq, t: seq * 10, at: seq * 10, node, seat, event, ...more } as Observation;
    live.observe(seat, observation);
    metrics.observe(observation);
  };
  const lines = async () =>
    (await metrics.text({ live, operations: () => null, refresh: () => {} }))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  return { live, tell, lines };
}

const SEATS = ['1', '2', '3'].map((seat) => ({ seat, node: seat }));

test('names of a hostile node end as other, and its wallets nowhere', async () => {
  const { tell, lines } = world(SEATS);
  const before = (await lines()).length;
  for (let i = 0; i < 50; i++) {
    const evil = `evil-${i}"}\n`;
    tell('1', 'req.tx', { reqId: evil, R: evil, prevState: evil, service: evil, price: 1 });
    tell('1', 'reject', { type: 'request', reason: evil });
    tell('1', 'reject', { type: evil, reason: evil });
    tell('1', 'order', { outcome: 'refused', reason: evil });
    tell('1', 'vote.rx', { reqId: evil, voter: evil, counted: false, reason: evil });
    tell('1', 'wallet', { id: evil, cU: 5, state: evil });
  }
  const found = await lines();
  assert.deepEqual(
    found.filter((line) => line.includes('evil')),
    [],
  );
  assert.ok(found.includes('wallance_requests_submitted_total{seat="1",node="1",service="other"} 50'));
  assert.ok(found.includes('wallance_requests_rejected_total{reason="other"} 50'));
  assert.ok(found.includes('wallance_orders_refused_total{reason="other"} 50'));
  assert.ok(found.includes('wallance_votes_total{status="invalid"} 50'));
  assert.equal(found.length, before + 3);
});

test('a wallet is its owner’s view, a node that is down disputes nothing, and what nobody told is not there', async () => {
  const { live, tell, lines } = world(SEATS);
  for (const { seat } of SEATS) live.seat(seat, 'ready', null);
  tell('1', 'wallet', { id: '1', cU: 10, state: 'a' });
  tell('2', 'wallet', { id: '1', cU: 10, state: 'a' });
  tell('3', 'wallet', { id: '1', cU: 9, state: 'a' });
  let found = await lines();
  assert.deepEqual(
    found.filter((line) => line.startsWith('wallance_wallet_units')),
    ['wallance_wallet_units{wallet="1"} 10'],
  );
  assert.ok(found.includes('wallance_supply_units 10'));
  assert.ok(found.includes('wallance_wallet_divergence{wallet="1"} 1'));
  live.seat('3', 'down', 'stopped');
  found = await lines();
  assert.ok(found.includes('wallance_wallet_divergence{wallet="1"} 0'));
  assert.ok(found.includes('wallance_node_up{seat="3",node="3"} 0'));
});

test('twins are two seats of one wallet', async () => {
  const { live, tell, lines } = world([...SEATS, { seat: '3b', node: '3' }]);
  for (const seat of ['3', '3b']) live.seat(seat, 'ready', null);
  tell('3', 'wallet', { id: '3', cU: 10, state: 'a' });
  tell('3b', 'wallet', { id: '3', cU: 20, state: 'b' });
  const found = await lines();
  assert.ok(found.includes('wallance_wallet_units{wallet="3"} 10'));
  assert.ok(found.includes('wallance_wallet_divergence{wallet="3"} 1'));
  assert.ok(found.includes('wallance_node_up{seat="3b",node="3"} 1'));
});

test('a scrape repeated gives the same, and two at once as well', async () => {
  const { tell, lines } = world(SEATS);
  tell('1', 'vote.rx', { reqId: 'x', voter: '2', counted: true });
  const steady = async () => (await lines()).filter((line) => !/_(lab|build)_|_lab_/.test(line));
  const [first, second] = await Promise.all([steady(), steady()]);
  assert.deepEqual(first, second);
  assert.deepEqual(await steady(), first);
  assert.ok(first.includes('wallance_votes_total{status="counted"} 1'));
});

test('targets are nodes of this machine that have something to scrape', () => {
  const http: Record<string, string | null> = {
    1: 'http://127.0.0.1:4001',
    2: null,
    3: 'http://0.0.0.0:8080',
    4: 'nonsense',
    5: 'http://[::1]:4005',
  };
  const seats = Object.keys(http).map((seat) => ({ seat, node: seat }));
  assert.deepEqual(
    scrapeTargets('lab', seats, (seat) => http[seat]!),
    [
      { targets: ['127.0.0.1:4001'], labels: { lab: 'lab', seat: '1', node: '1' } },
      { targets: ['[::1]:4005'], labels: { lab: 'lab', seat: '5', node: '5' } },
    ],
  );
});
