/** What every runtime keeps: one set of tests, over processes and over containers. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { CHAIN_START, verifyChain } from '../../node/host/observation-chain.ts';
import { IDLE_RULE } from '../../orchestrator/fabric/link-rule.ts';
import { Failure } from '../../orchestrator/failure.ts';
import { decidedByWallets, trackRequests } from '../../orchestrator/history/request-track.ts';
import { walletDifferences } from '../../orchestrator/history/wallet-agreement.ts';
import type { Lab } from '../../orchestrator/lab/lab.ts';
import { CAPABILITIES_OF } from '../../orchestrator/runtimes/runtime.ts';
import { CAPABILITIES } from '../../orchestrator/scenario/scenario-plan.ts';
import { orderSurely } from '../support/order-surely.ts';
import { collectedHistory, fund, newLab, RUNTIMES, startLab } from '../support/runtime-world.ts';
import { secondVotes } from '../support/second-votes.ts';
import { eventually } from '../support/waiting.ts';

const UNITS = 60;
const LOOK_EVERY_MS = 30;

/** Waits until every order is done and all nodes hold the same; resolves with their reports. */
function settled(lab: Lab, decisions: number) {
  return eventually(
    async () => {
      const all = await lab.reports();
      const done = [...all.values()].every(
        (report) =>
          report.pendingOrders.length === 0 && report.wallets.some(({ decidedRequestId }) => decidedRequestId),
      );
      const equal = walletDifferences(new Map([...all].map(([node, { wallets }]) => [node, wallets]))).length === 0;
      const counted = trackedDecisions(lab) >= decisions;
      return all.size === lab.plan.seats.length && done && equal && counted ? all : null;
    },
    `${decisions} orders are decided and all wallets are equal`,
    30_000,
    LOOK_EVERY_MS,
  );
}

function trackedDecisions(lab: Lab): number {
  return [...lab.purchases.purchases].filter(({ requester, decidedAtMs }) => decidedAtMs.has(requester)).length;
}

/** A file with one column, `value`. */
function recordedData(t: TestContext, values: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-recorded-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'recorded.csv');
  writeFileSync(file, `value\n${values}\n`);
  return file;
}

for (const kind of RUNTIMES) {
  describe(`runtime contract: ${kind.name}`, { timeout: 180_000 }, () => {
    kind.it('a purchase is decided on every node; one that was stopped goes on with its wallets', async (t) => {
      const { lab, events } = await startLab(t, kind, { nodes: 4 });
      await fund(lab, UNITS);
      await orderSurely(lab, '2', 'first');
      const before = await settled(lab, 1);
      await lab.stopNode('3');
      assert.equal(lab.nodeProcess('3'), null);
      await lab.startNode('3');
      const after = await lab.report('3');
      assert.deepEqual(after?.wallets, before.get('3')?.wallets);
      assert.notEqual(after?.boot, before.get('3')?.boot);
      await orderSurely(lab, '3', 'second');
      await settled(lab, 2);
      const ready = events.filter((event) => event.kind === 'ready' && event.node === '3');
      assert.deepEqual(
        ready.map((event) => event.kind === 'ready' && event.databaseEmpty),
        [true, false],
      );
      assert.ok(!events.some(({ kind: what }) => what === 'died' || what === 'trouble'), JSON.stringify(events));
    });

    kind.it('two nodes killed during purchases rejoin: no second vote, no lost decision', async (t) => {
      const { lab } = await startLab(t, kind, { nodes: 8 });
      await fund(lab, UNITS);
      const seats = lab.plan.seats.map(({ seat }) => seat);
      const orders: string[] = [];
      const placeAll = (round: string) =>
        seats.map((seat) => {
          const orderId = `${round}-${seat}`;
          orders.push(orderId);
          return orderSurely(lab, seat, orderId);
        });
      const during = placeAll('a');
      await Promise.all(['2', '7'].map((seat) => lab.stopNode(seat, true)));
      // The others go on without them.
      const alone = ['1', '3', '4'].map((seat) => {
        orders.push(`b-${seat}`);
        return orderSurely(lab, seat, `b-${seat}`);
      });
      await Promise.all(alone);
      await eventually(() => trackedDecisions(lab) >= 3, 'decisions without the two', 20_000, LOOK_EVERY_MS);
      await Promise.all(['2', '7'].map((seat) => lab.startNode(seat)));
      await Promise.all([...during, ...placeAll('c')]);
      const reports = await settled(lab, orders.length);
      await lab.stop();

      const history = await collectedHistory(lab);
      for (const [node, lines] of history) {
        const boots = lines.filter(({ event }) => event === 'boot').length;
        assert.equal(boots, ['2', '7'].includes(node) ? 2 : 1, `lives of node ${node}`);
      }
      const tracks = trackRequests(history);
      assert.equal(tracks.length, orders.length, 'one request for each order');
      for (const [node, { wallets }] of reports) {
        const decided = decidedByWallets(tracks, wallets);
        assert.deepEqual(
          tracks.filter(({ requestId }) => !decided.has(requestId)),
          [],
          `decisions lost at node ${node}`,
        );
      }
      const { found, votesChecked } = secondVotes(history);
      assert.deepEqual(found, []);
      assert.ok(votesChecked >= orders.length * 5, `only ${votesChecked} votes were looked at`);
    });

    kind.it('a paused node says nothing, and catches up when it goes on', async (t) => {
      const { lab } = await startLab(t, kind, { nodes: 7 });
      await fund(lab, UNITS);
      await lab.pauseNode('7');
      assert.notEqual(lab.nodeProcess('7'), null);
      assert.equal(await lab.report('7', 300), null);
      await orderSurely(lab, '1', 'while-paused');
      await eventually(() => trackedDecisions(lab) === 1, 'a decision without the paused node', 20_000, LOOK_EVERY_MS);
      await lab.resumeNode('7');
      await settled(lab, 1);
    });

    kind.it('a node that is killed by somebody else is reported as dead, and can be started', async (t) => {
      const { lab, directory, events } = await startLab(t, kind, { nodes: 2 });
      await kind.killOutside(lab, directory, '2');
      const died = await eventually(() => events.find(({ kind: what }) => what === 'died'), 'the death is reported');
      assert.deepEqual(died, { kind: 'died', seat: '2', node: '2', reason: 'it was ended by SIGKILL' });
      assert.equal(lab.nodeProcess('2'), null);
      await lab.startNode('2');
      assert.notEqual(await lab.report('2'), null);
    });

    kind.it('a paused node can be stopped and killed', async (t) => {
      const { lab } = await startLab(t, kind, { nodes: 2 });
      for (const kill of [false, true]) {
        await lab.pauseNode('2');
        await lab.stopNode('2', kill);
        assert.equal(lab.nodeProcess('2'), null);
        await lab.startNode('2');
        assert.notEqual(await lab.report('2'), null);
      }
    });

    kind.it('link rules apply between seats, and the journal tells of them', async (t) => {
      const { lab, runtime, journal } = await startLab(t, kind, { nodes: 3 });
      const heard = async () => [...(await lab.reports()).values()].map((report) => report.sensorTransactions);
      const { fabric } = runtime();
      await fabric!.setLinks([{ ...IDLE_RULE, id: 'deaf', from: ['1'], to: ['2'], drop: 1 }]);
      await lab.sample('1', { topic: 'x', value: 1, count: 5 });
      await eventually(
        async () => (await heard()).join() === '5,0,5',
        'all but node 2 have heard',
        20_000,
        LOOK_EVERY_MS,
      );
      const [count] = await fabric!.linkCounts();
      assert.equal(count?.dropped, 5);
      await assert.rejects(fabric!.setLinks([{ ...IDLE_RULE, id: 'bad', from: ['9'] }]), { code: 'refused' });
      await fabric!.setLinks([]);
      await lab.sample('1', { topic: 'x', value: 1, count: 5 });
      await eventually(async () => (await heard()).join() === '10,5,10', 'all hear again', 20_000, LOOK_EVERY_MS);
      assert.deepEqual(await fabric!.cut(['3']), ['3']);
      await lab.sample('3', { topic: 'x', value: 1, count: 1 });
      await eventually(async () => (await heard()).join() === '11,6,11', 'node 3 is back', 20_000, LOOK_EVERY_MS);
      await eventually(() => journal().length === 16, `16 lines of the journal; there are ${journal().length}`);
      const lines = journal().map(({ t: _, bytes: __, ...line }) => line);
      assert.deepEqual(
        lines.filter(({ rule }) => rule !== undefined),
        Array.from({ length: 5 }, () => ({ rule: 'deaf', from: '1', to: '2', class: 'sensor', did: ['drop'] })),
      );
      assert.deepEqual(lines.at(-1), { from: '3', topic: 'sensor', class: 'sensor', recipients: 3 });
    });

    kind.it('a restart of the broker that keeps its sessions loses no decision', async (t) => {
      const { lab, runtime, events } = await startLab(t, kind, { nodes: 4 });
      await fund(lab, UNITS);
      const url = lab.fabricUrl;
      const orders = Promise.all(['1', '2', '3'].map((seat) => orderSurely(lab, seat, `during-${seat}`)));
      await lab.stopNode('4');
      await runtime().restartFabric({ sessions: 'kept', downMs: 100 });
      await orders;
      await orderSurely(lab, '1', 'after');
      await lab.startNode('4');
      await settled(lab, 4);
      assert.equal(lab.fabricUrl, url);
      assert.ok(!events.some(({ kind: what }) => what === 'fabric-died' || what === 'died'), JSON.stringify(events));
    });

    kind.it('after a restart of the broker that forgot all, nodes come back by themselves', async (t) => {
      const { lab, runtime, events } = await startLab(t, kind, { nodes: 3 });
      await runtime().restartFabric({ sessions: 'lost', downMs: 0 });
      await eventually(
        async () => (await lab.fabric.stats())?.connected.length === 3,
        'all nodes being back',
        20_000,
        LOOK_EVERY_MS,
      );
      await fund(lab, UNITS);
      await orderSurely(lab, '2', 'after');
      await settled(lab, 1);
      assert.ok(!events.some(({ kind: what }) => what === 'fabric-died' || what === 'died'), JSON.stringify(events));
    });

    kind.it('a paused broker takes nothing, and goes on where it was', async (t) => {
      const { lab, runtime } = await startLab(t, kind, { nodes: 3 });
      await fund(lab, UNITS);
      await runtime().pauseFabric();
      await orderSurely(lab, '1', 'while-paused');
      await assert.rejects(runtime().fabric!.setLinks([]), { code: 'no-answer' });
      assert.equal(trackedDecisions(lab), 0);
      await runtime().resumeFabric();
      await settled(lab, 1);
      await runtime().pauseFabric();
      await lab.stop();
    });

    kind.it('a node that is erased starts with nothing, and its observations go on', async (t) => {
      const { lab, runtime, events } = await startLab(t, kind, { nodes: 3 });
      await fund(lab, UNITS);
      await assert.rejects(runtime().eraseNode('3'), Failure);
      await lab.stopNode('3');
      await runtime().eraseNode('3');
      await lab.startNode('3');
      const ready = events.filter((event) => event.kind === 'ready' && event.node === '3');
      assert.deepEqual(
        ready.map((event) => event.kind === 'ready' && event.databaseEmpty),
        [true, true],
      );
      assert.ok((await lab.report('3'))!.sensorTransactions < UNITS, 'what it had heard is forgotten');
      await lab.stop();
      const { directory } = await lab.collectNode('3');
      const lines = readFileSync(join(directory, 'observations.ndjson'), 'utf8').trimEnd().split('\n');
      assert.equal(lines.filter((line) => line.includes('"event":"boot"')).length, 2);
      const chain = verifyChain(lines, { seq: 0, link: CHAIN_START });
      assert.ok(chain.ok && chain.gaps.length === 0, JSON.stringify(chain));
    });

    kind.it('it says what it can do', async (t) => {
      const { runtime } = await startLab(t, kind, { nodes: 2 });
      const beyond = kind.name === 'docker' ? ['virtual-time'] : ['board-limits', 'architectures', 'virtual-time'];
      assert.deepEqual(
        CAPABILITIES.filter((name) => !CAPABILITIES_OF[runtime().name].has(name)),
        beyond,
      );
    });

    kind.it('the end leaves nothing but files: output, observations, database', async (t) => {
      const { lab, directory, events } = await startLab(t, kind, { nodes: 3 });
      assert.notDeepEqual(await kind.left(directory), []);
      await lab.stop();
      assert.deepEqual(await kind.left(directory), []);
      for (const { seat } of lab.plan.seats) {
        const files = await lab.collectNode(seat);
        assert.match(
          readFileSync(files.stdout, 'utf8'),
          new RegExp(`^node ${seat} of lab contract ready in \\d+ ms\n$`),
        );
        for (const name of ['observations.ndjson', 'wallet.db'])
          assert.ok(existsSync(join(files.directory, name)), `${name} of seat ${seat}`);
      }
      await lab.stop();
      assert.ok(!events.some(({ kind: what }) => what === 'trouble'), JSON.stringify(events));
    });

    kind.it('a lab that is stopped while it starts leaves nothing', async (t) => {
      const { lab, directory, events } = await newLab(t, kind, { nodes: 4 });
      const starting = lab.start(new AbortController().signal);
      await eventually(
        () => events.some((event) => event.kind === 'broker' && event.which === 'fabric'),
        'the fabric is there, the nodes are not yet',
        20_000,
      );
      const refused = assert.rejects(starting, Failure);
      await lab.stop();
      await refused;
      assert.deepEqual(await kind.left(directory), []);
    });

    kind.it('sensors replay recorded data of this machine', async (t) => {
      const file = recordedData(t, '5\n7\n9');
      const { lab } = await startLab(t, kind, {
        nodes: 2,
        sensors: [{ topic: 'x', kind: 'csv', file, column: 'value', periodMs: 20, repeat: false }],
      });
      await eventually(
        async () => [...(await lab.reports()).values()].every(({ sensorTransactions }) => sensorTransactions === 6),
        'three samples of each node at each node',
        20_000,
        LOOK_EVERY_MS,
      );
    });

    kind.it('a node that does not become ready fails the start with what it said, and leaves nothing', async (t) => {
      const { lab, directory } = await newLab(t, kind, {
        nodes: 2,
        sensors: [{ topic: 'x', kind: 'csv', file: recordedData(t, 'no number'), column: 'value', periodMs: 20 }],
      });
      await assert.rejects(lab.start(new AbortController().signal), (error: unknown) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, 'environment');
        assert.match(error.message, /^node \d did not become ready: it ended with exit code 64\n.*no number/s);
        return true;
      });
      assert.deepEqual(await kind.left(directory), []);
    });
  });
}
