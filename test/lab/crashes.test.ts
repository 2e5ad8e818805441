/** What survives kill -9, with real processes: of a node, of every node in turn, of the lab process. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Prng } from '../../node/simulation/prng.ts';
import { type History, type Observation, parseObservations } from '../../orchestrator/history/observation.ts';
import { decidedByWallets, trackRequests } from '../../orchestrator/history/request-track.ts';
import { walletDifferences } from '../../orchestrator/history/wallet-agreement.ts';
import { newPlan } from '../../orchestrator/lab/kept-lab.ts';
import { Lab } from '../../orchestrator/lab/lab.ts';
import type { LabStatus } from '../../orchestrator/lab/lab-commands.ts';
import { LabDirectory, type RunningRecord } from '../../orchestrator/lab/lab-directory.ts';
import { isAlive } from '../../orchestrator/lab/process-identity.ts';
import { ProcessRuntime } from '../../orchestrator/runtimes/processes.ts';
import { CommandLine } from '../support/command-line.ts';
import { orderSurely } from '../support/order-surely.ts';
import { secondVotes } from '../support/second-votes.ts';
import { eventually } from '../support/waiting.ts';

const NODES = 8;
const UNITS = 200;
/** Kills in a test: every node once, and some again. */
const KILLS = 14;
/** A purchase of all nodes at once takes about this long. */
const MOMENT_MS_MAX = 60;

interface StartedLab {
  readonly lab: Lab;
  readonly directory: LabDirectory;
}

async function startLab(t: TestContext, onDied: (node: string) => void): Promise<StartedLab> {
  const directory = new LabDirectory(mkdtempSync(join(tmpdir(), 'wallance-crash-')), 'crash');
  directory.create();
  const lab = new Lab({
    plan: newPlan('crash', { nodes: NODES, sensors: [] }),
    directory,
    runtime: (options) => new ProcessRuntime(options),
    inherited: {},
    onEvent: (event) => {
      if (event.kind === 'died') onDied(event.node);
    },
  });
  t.after(() => lab.stop());
  await lab.start(new AbortController().signal);
  return { lab, directory };
}

/** Gives every node its units, and waits until every node has heard of them all. */
async function fund(lab: Lab): Promise<void> {
  await Promise.all(lab.plan.seats.map(({ seat }) => lab.sample(seat, { topic: 'x', value: 1, count: UNITS })));
  await eventually(async () => {
    const reports = [...(await lab.reports()).values()];
    return reports.length === NODES && reports.every(({ sensorTransactions }) => sensorTransactions === UNITS * NODES);
  }, `${UNITS} units in every wallet on every node`);
}

function historyOf(lab: Lab, directory: LabDirectory): History {
  return new Map(
    lab.plan.seats.map(({ seat, node }): [string, readonly Observation[]] => {
      const text = readFileSync(join(directory.nodeFiles(seat).directory, 'observations.ndjson'), 'utf8');
      const { observations, malformed } = parseObservations(text.split('\n'));
      assert.equal(malformed, 0, `lines of node ${node} that are no observation`);
      return [node, observations];
    }),
  );
}

test('kill -9 of any node at any moment of purchases: nothing is lost, no second vote', {
  timeout: 120_000,
}, async (t) => {
  const seed = '20';
  const draws = Prng.seeded(seed).stream('kills');
  const { lab, directory } = await startLab(t, (node) => assert.fail(`node ${node} died by itself`));
  await fund(lab);

  const seats = lab.plan.seats.map(({ seat }) => seat);
  const orders: string[] = [];
  const killed: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    // A purchase of everybody at once, and in the midst of it one of them goes.
    const placed = Promise.all(
      seats.map((seat) => {
        const orderId = `${kill}-${seat}`;
        orders.push(orderId);
        return orderSurely(lab, seat, orderId);
      }),
    );
    const seat = kill < NODES ? seats[kill]! : seats[draws.integer(0, NODES - 1)]!;
    await new Promise((done) => setTimeout(done, draws.integer(0, MOMENT_MS_MAX)));
    await lab.stopNode(seat, true);
    killed.push(seat);
    await lab.startNode(seat);
    await placed;
  }

  const reports = await eventually(
    async () => {
      const all = await lab.reports();
      const done = [...all.values()].every(({ pendingOrders }) => pendingOrders.length === 0);
      const equal = walletDifferences(new Map([...all].map(([node, { wallets }]) => [node, wallets]))).length === 0;
      return all.size === NODES && done && equal ? all : null;
    },
    `every order is done and all wallets are equal (seed ${seed})`,
    20_000,
  );
  await lab.stop();

  assert.deepEqual(new Set(killed), new Set(seats), 'every node was killed');
  const history = historyOf(lab, directory);
  // A stop may start all nodes once more, to hear what was still on its way: the same number of lives for everyone.
  const extraLives = [...history].map(([node, observations]) => {
    const boots = observations.filter(({ event }) => event === 'boot').length;
    return boots - 1 - killed.filter((seat) => seat === node).length;
  });
  assert.equal(new Set(extraLives).size, 1, `lives beyond a start after each kill: ${extraLives.join(', ')}`);
  assert.ok(extraLives[0]! >= 0);
  const tracks = trackRequests(history);
  assert.equal(tracks.length, orders.length, 'one request for each order');
  for (const [node, { wallets }] of reports) {
    const decided = decidedByWallets(tracks, wallets);
    const lost = tracks.filter(({ requestId }) => !decided.has(requestId)).map(({ requestId }) => requestId);
    assert.deepEqual(lost, [], `decisions lost at node ${node}`);
  }
  const { found, votesChecked } = secondVotes(history);
  assert.deepEqual(found, []);
  assert.ok(votesChecked >= orders.length * 5, `only ${votesChecked} votes were looked at`);
  const starts = [...history.values()].flat().filter(({ event }) => event === 'svc.start');
  assert.equal(new Set(starts.map(({ key }) => key)).size, starts.length, 'a service was started twice');
  // The kills are only worth something where they came in between.
  const missed = decisionsMissed(history);
  assert.ok(
    missed.filter((count) => count > 0).length >= KILLS / 2,
    `decisions that went on without the killed: ${missed.join(', ')}`,
  );
});

/** For each death: decisions of others between its last line and its next life. */
function decisionsMissed(history: History): number[] {
  const counts: number[] = [];
  for (const [node, lines] of history) {
    lines.forEach((line, index) => {
      if (line.event !== 'boot' || index === 0) return;
      const from = lines[index - 1]!.t;
      const others = [...history].flatMap(([other, seen]) => (other === node ? [] : seen));
      counts.push(others.filter(({ event, t }) => event === 'decide' && t > from && t < line.t).length);
    });
  }
  return counts;
}

test('kill -9 of the lab process leaves nothing running, and the next up goes on', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  await cli.ok('up', '--nodes', '3', '--no-sensors');
  const record = JSON.parse(readFileSync(join(cli.home, 'labs/lab/running.json'), 'utf8')) as RunningRecord;
  const children = childrenOf(record.process.pid);
  assert.equal(children.length, 4, 'three nodes and the broker');
  process.kill(record.process.pid, 'SIGKILL');
  await eventually(() => !children.some((pid) => isRunning(pid)), 'nodes and broker have ended by themselves');
  for (const node of Object.values(record.nodes)) assert.equal(isAlive(node!), false);

  assert.equal((await cli.run('status')).code, 4);
  assert.match(await cli.ok('up'), /going on with the wallets it had/);
  assert.equal(
    (await cli.json<LabStatus>('status')).nodes.every(({ state }) => state === 'ready'),
    true,
  );
});

test('a lab whose fabric is killed ends, and says why', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  await cli.ok('up', '--nodes', '2', '--no-sensors');
  const record = JSON.parse(readFileSync(join(cli.home, 'labs/lab/running.json'), 'utf8')) as RunningRecord;
  const broker = childrenOf(record.process.pid).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('broker-main'),
  )!;
  process.kill(broker, 'SIGKILL');
  await eventually(() => !isAlive(record.process), 'the lab process has ended');
  assert.match(readFileSync(join(cli.home, 'labs/lab/lab.log'), 'utf8'), /the fabric ended: SIGKILL/);
  for (const node of Object.values(record.nodes)) assert.equal(isAlive(node!), false);
});

test('Ctrl-C ends a run in order: code 130, its records written, nothing left running', async () => {
  const cli = new CommandLine();
  const run = cli.start('run', '--nodes', '2', '--seconds', '60', '--purchases', '400');
  let printed = '';
  run.stdout!.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const ended = new Promise<number | null>((done) => run.once('close', done));
  await eventually(() => /bought/.test(printed), 'a first purchase');
  const children = childrenOf(run.pid!);
  assert.ok(children.length >= 3, `${children.length} children`);
  run.kill('SIGINT');
  assert.equal(await ended, 130);
  assert.deepEqual(
    children.filter((pid) => isRunning(pid)),
    [],
  );
  const [run_] = readdirSync(join(cli.home, 'runs/baseline-2')).filter((name) => name !== 'latest');
  const result = JSON.parse(readFileSync(join(cli.home, 'runs/baseline-2', run_!, 'result.json'), 'utf8')) as {
    exitCode: number;
  };
  assert.equal(result.exitCode, 130);
  assert.deepEqual(readdirSync(join(cli.home, 'labs')), []);
});

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
