/** `docker compose up` from a fresh clone: eight healthy nodes, a purchase on all of them, and nothing left after it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { parse } from 'yaml';
import type { BuyResult, LabStatus } from '../../orchestrator/lab/lab-commands.ts';
import { belongingsOf, remaining } from '../support/belongings.ts';
import { ComposeProject } from '../support/compose-project.ts';
import { dockerOutcome, engineTest, eventuallyInside } from '../support/engine.ts';
import { eventually } from '../support/waiting.ts';

const test = engineTest([]);
const NODES = 8;
const JOINED_MS_MAX = 20_000;

/** Sensors go on all the while: a look may come when a value is on its way to some of the nodes only. */
function untilAlike(project: ComposeProject): Promise<boolean> {
  return eventuallyInside(async () => {
    const { differences } = JSON.parse(await project.wallance('status', '--json')) as LabStatus;
    return differences.length === 0;
  }, 'all nodes holding the same wallets');
}

const DECIDED_AT_LAB = /^wallance_requests_decided_total\{seat="3",node="3",service="espresso"\} 1$/m;
const DECIDED_AT_NODE = /^wallance_node_decisions_total 1$/m;

/** What Prometheus would get of each of its targets, from within the networks. */
async function scrape(project: ComposeProject): Promise<{ readonly address: string; readonly text: string }[]> {
  const file = join(project.directory, 'compose/observability/prometheus/prometheus.yml');
  const { scrape_configs } = parse(readFileSync(file, 'utf8')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  };
  const addresses = scrape_configs.flatMap(({ static_configs }) => static_configs.flatMap(({ targets }) => targets));
  const program = `Promise.all(${JSON.stringify(addresses)}.map(async (address) =>
    ({ address, text: await (await fetch('http://' + address + '/metrics')).text() })))
    .then((all) => console.log(JSON.stringify(all)))`;
  return JSON.parse(await project.compose('exec', '--no-TTY', 'lab', 'node', '-e', program));
}

describe('docker compose in a fresh clone', () => {
  test('brings eight healthy nodes that decide a purchase, and takes everything away', async (t) => {
    const project = await ComposeProject.create(t);
    assert.deepEqual(await project.left(), []);
    await project.compose('build');
    const startedMs = performance.now();
    await project.compose('up', '--wait');
    t.diagnostic(`up --wait: ${Math.round(performance.now() - startedMs)} ms`);

    const lines = (await project.compose('ps', '--all', '--format', '{{.Service}} {{.State}} {{.Health}}')).trim();
    const services = lines.split('\n').map((line) => line.trim());
    assert.equal(services.filter((line) => /^(node-\d|broker|lab) running healthy$/.test(line)).length, NODES + 2);
    assert.ok(services.includes('credentials exited'), lines);

    await project.wallance('sample', '3', '--count', '10');
    const bought = JSON.parse(await project.wallance('buy', '3', 'espresso', '--wait', '--timeout', '120', '--json'));
    const { outcome, decidedBy, members, requesterMs } = bought as BuyResult;
    assert.deepEqual([outcome, decidedBy, members], ['decided', NODES, NODES]);
    assert.ok(requesterMs !== null && requesterMs > 0);

    const status = JSON.parse(await project.wallance('status', '--json')) as LabStatus;
    assert.deepEqual(
      status.nodes.map(({ state, report }) => [state, report?.decisions]),
      Array.from({ length: NODES }, () => ['ready', 1]),
    );
    await untilAlike(project);
    const scraped = await scrape(project);
    assert.equal(scraped.length, NODES + 1);
    for (const { address, text } of scraped)
      assert.match(text, address.startsWith('lab:') ? DECIDED_AT_LAB : DECIDED_AT_NODE, address);
    assert.ok((status.fabric?.delivered.consensus.messages ?? 0) > 0, 'the counters of the fabric');

    const files = await project.compose('exec', '--no-TTY', 'node-3', 'ls', '-l', '/credentials');
    const readable = files.matchAll(/^-r-------- 1 wallance .* (\S+)$/gm);
    assert.deepEqual(
      [...readable].map(([, name]) => name),
      ['control', 'fabric'],
    );

    const belongings = await belongingsOf(`com.docker.compose.project=${project.name}`);
    assert.ok(belongings.volumes.length >= 2 * NODES && belongings.networks.length === 2);
    const teardownMs = performance.now();
    await project.down();
    t.diagnostic(`down --volumes: ${Math.round(performance.now() - teardownMs)} ms`);
    assert.deepEqual(await project.left(), []);
    assert.deepEqual(await remaining(belongings), []);
  });

  test('a node that compose stops and starts rejoins with its wallets; the lab says what is not its own', async (t) => {
    const project = await ComposeProject.create(t);
    await project.compose('up', '--wait');
    const decidedBy = async (...args: string[]) => {
      const result = JSON.parse(await project.wallance('buy', ...args, '--wait', '--timeout', '120', '--json'));
      return (result as BuyResult).decidedBy;
    };
    for (const node of ['1', '2', '3']) await project.wallance('sample', node, '--count', '5');
    assert.equal(await decidedBy('1', 'Tea'), NODES);

    const refused = await project.wallance('stop', '3').then(
      () => assert.fail('an attached lab stops nothing'),
      (error: Error & { cause?: { code?: number } }) => error,
    );
    assert.match(refused.message, /did not start.*docker compose stop node-3/);
    assert.equal(refused.cause?.code, 4);

    await project.compose('kill', '--signal', 'KILL', 'node-3');
    await eventually(async () => (await seen(project, '3')).state === 'down', 'the lab seeing that node 3 is gone');
    await assert.rejects(project.wallance('buy', '3', 'Tea'), /node 3 is down.*docker compose start node-3/s);
    assert.equal(await decidedBy('2', 'Tea'), NODES - 1, 'the others decide without it');

    await project.compose('start', 'node-3');
    const back = await eventually(
      async () => {
        const node = await seen(project, '3');
        return node.state === 'ready' && node.report?.decisions === 1 ? node : null;
      },
      'node 3 being back, with the decision that it had missed',
      JOINED_MS_MAX,
    );
    assert.equal(back.state, 'ready');
    assert.equal(await decidedBy('3', 'Tea'), NODES);
    await untilAlike(project);
  });

  test('passwords are the same after another start, and with a new lab they are new', async (t) => {
    const project = await ComposeProject.create(t);
    const passwords = async () => {
      await project.compose('run', '--rm', 'credentials');
      const script = 'cat /credentials/broker/fabric-3; echo; cat /credentials/node-3/fabric';
      const args = ['run', '--rm', '--user', '10001', '--entrypoint', 'sh', 'credentials', '-c', script];
      const [broker = '', node = ''] = (await project.compose(...args)).trim().split('\n');
      assert.ok(broker.length >= 32 && broker === node, 'the broker and the node have the same one');
      return node;
    };
    await project.compose('build', 'credentials');
    const first = await passwords();
    assert.equal(await passwords(), first);
    await project.compose('down', '--volumes');
    assert.notEqual(await passwords(), first);
    const outcome = await dockerOutcome('volume', 'inspect', `${project.name}_credentials-node-3`);
    assert.equal(outcome.code, 0);
  });
});

async function seen(project: ComposeProject, node: string) {
  const status = JSON.parse(await project.wallance('status', '--json')) as LabStatus;
  return status.nodes.find((view) => view.node === node)!;
}
