/** The module for other people's tests, as they would use it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe } from 'node:test';
import mqtt from 'mqtt';
import { belongingsOf, remaining } from '../support/belongings.ts';
import { docker, engineTest } from '../support/engine.ts';

// Nothing here comes from a registry, and ports are opened on this machine; read when the library is loaded.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1';
const { TESTING_LABEL, WallanceLab } = await import('../../orchestrator/testing/wallance-lab.ts');

const test = engineTest(['wallance-node:local', 'wallance-lab:local']);

/** The engine that the command line talks to. */
const engine = (): string => execFileSync('docker', ['info', '--format', '{{.ID}}'], { encoding: 'utf8' }).trim();

const left = (label: string): Promise<string> =>
  docker('container', 'ls', '--all', '--quiet', '--filter', `label=${label}`);

describe('a lab in a test', () => {
  test('four nodes decide a purchase, and nothing is left of them', async (t) => {
    const lab = await new WallanceLab().withNodes(4).withoutPulling().withEngine(engine()).start();
    t.after(() => lab.stop());
    assert.deepEqual(lab.nodes, ['1', '2', '3', '4']);

    await assert.rejects(lab.buy('1', 'espresso'), { code: 'refused' }, 'nobody has anything yet');
    await lab.mint('1', 12);
    const requestId = await lab.buy('1', 'espresso');
    const purchase = await lab.waitForDecision(requestId);
    assert.deepEqual([purchase.requester, purchase.service, purchase.remainingUnits], ['1', 'espresso', 2]);

    const wallets = await lab.wallets();
    const [first, ...others] = [...wallets.values()];
    assert.equal(wallets.size, 4);
    for (const view of others) assert.deepEqual(view, first, 'every node holds the same wallets');
    assert.equal(first?.find(({ id }) => id === '1')?.decidedRequestId, requestId);

    const device = await mqtt.connectAsync(lab.brokerUrl, {
      clientId: '1/tap',
      username: '1',
      password: lab.passwordOf('1'),
    });
    await device.endAsync();
    const belongings = await belongingsOf(`${TESTING_LABEL}=${lab.name}`);
    assert.ok(belongings.volumes.length === 6 && belongings.networks.length === 1);
    await lab.stop();
    assert.deepEqual([await left(`${TESTING_LABEL}=${lab.name}`), await remaining(belongings)], ['', []]);
  });

  test('an order waits for funds, and a decision that does not come says who is missing', async () => {
    await using lab = await new WallanceLab().withNodes(3).withoutPulling().start();
    const bought = lab.buy('2', 'Tea', 'wait');
    await lab.mint('2', 5);
    await lab.waitForDecision(await bought);
    await assert.rejects(
      lab.waitForDecision('0'.repeat(64), 50),
      /not decided within 50 ms by nodes 1, 2, 3; nobody has seen it/,
    );
    await assert.rejects(lab.buy('7', 'Tea'), /expected one of 1, 2, 3, got "7"/);
  });

  test('what cannot be started says why and leaves nothing', async () => {
    await assert.rejects(new WallanceLab().withNodes(1).start(), { code: 'usage', message: /nodes: expected/ });
    await assert.rejects(new WallanceLab().withEngine('another').start(), /engine: expected another, got/);
    const images = { node: 'wallance-node:never-built', lab: 'wallance-lab:local' };
    const name = `test-${process.pid}`;
    await assert.rejects(new WallanceLab().withName(name).withNodes(2).withImages(images).withoutPulling().start(), {
      code: 'environment',
      message: /node-\d does not start: Image "wallance-node:never-built" does not exist locally/,
    });
    assert.equal(await left(`${TESTING_LABEL}=${name}`), '');
  });
});
