/** The way in for boards: a TLS port before a broker, and a node's connection that trusts one authority alone. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createServer } from 'node:tls';
import { MqttConnection } from '../../node/host/mqtt-connection.ts';
import { openCertificateAuthority } from '../../orchestrator/fabric/certificate-authority.ts';
import { EmbeddedBroker } from '../../orchestrator/fabric/embedded-broker.ts';
import { Gate } from '../../orchestrator/fabric/gate.ts';
import { LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { eventually, within } from '../support/waiting.ts';

const directory = () => mkdtempSync(join(tmpdir(), 'wallance-ca-'));
const ACCOUNTS = nodeAccounts(2);

/** A fabric broker with a gate before it. */
async function openGate(t: TestContext) {
  const authority = openCertificateAuthority(directory(), 'lab');
  const broker = new EmbeddedBroker({ kind: 'fabric', lab: LAB, accounts: ACCOUNTS });
  const inner = `mqtt://127.0.0.1:${await broker.start()}`;
  const gate = await Gate.open({
    host: '127.0.0.1',
    port: 0,
    certificate: authority.issue('127.0.0.1'),
    broker: inner,
    connectionsMax: 8,
  });
  t.after(async () => {
    await gate.close();
    await broker.stop();
  });
  return { authority, broker, gate, url: `mqtts://127.0.0.1:${gate.port}` };
}

function connection(t: TestContext, url: string, caFingerprint: string | null): MqttConnection {
  const { seat, password } = ACCOUNTS[0]!;
  const opened = new MqttConnection({
    url,
    clientId: seat,
    username: seat,
    password,
    clean: true,
    filters: [`wallance/v1/${LAB}/+/consensus`],
    qos: 1,
    caFingerprint,
    reconnectMsMin: 5,
    reconnectMsMax: 20,
  });
  t.after(() => opened.close());
  return opened;
}

describe('the certificate authority of a lab', () => {
  it('makes certificates that another implementation takes', (t) => {
    const authority = openCertificateAuthority(directory(), 'lab');
    for (const [host, shown] of [
      ['192.168.1.10', 'IP Address:192.168.1.10'],
      ['fe80::1:2', 'IP Address:FE80:0:0:0:0:0:1:2'],
      ['lab.example', 'DNS:lab.example'],
    ] as const) {
      const files = directory();
      const { chain, key } = authority.issue(host);
      writeFileSync(join(files, 'ca.pem'), authority.certificate);
      writeFileSync(join(files, 'server.pem'), chain);
      const own = new X509Certificate(chain);
      assert.equal(own.subjectAltName, shown);
      assert.ok(!own.ca && key.includes('PRIVATE KEY'));
      let said: string;
      try {
        const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem', 'server.pem'];
        said = execFileSync('openssl', args, { cwd: files, encoding: 'utf8', stdio: 'pipe' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        t.diagnostic('no openssl here to ask for its opinion');
        continue;
      }
      assert.match(said, /server\.pem: OK/);
    }
  });

  it('is the same at every start, and another in every lab', () => {
    const kept = directory();
    const first = openCertificateAuthority(kept, 'lab');
    assert.equal(openCertificateAuthority(kept, 'lab').fingerprint, first.fingerprint);
    assert.notEqual(openCertificateAuthority(directory(), 'lab').fingerprint, first.fingerprint);
    assert.equal(
      new X509Certificate(first.certificate).fingerprint256.replaceAll(':', '').toLowerCase(),
      first.fingerprint,
    );
  });
});

describe('a connection through the gate', () => {
  it('works like a plain one, with what one end wrote read whole at the other', async (t) => {
    const { authority, url } = await openGate(t);
    const heard: string[] = [];
    const { seat, identity } = ACCOUNTS[0]!;
    assert.equal(seat, identity);
    const node = connection(t, url, authority.fingerprint);
    await within(
      node.open((_topic, payload) => heard.push(Buffer.from(payload).toString())),
      'the connection',
    );
    const payloads = Array.from({ length: 50 }, (_, i) => `${i}:${'x'.repeat(i * 100)}`);
    await Promise.all(
      payloads.map((text) => node.publish(`wallance/v1/${LAB}/${identity}/consensus`, text, { qos: 1 })),
    );
    await eventually(() => heard.length === payloads.length, 'everything being heard');
    assert.deepEqual(heard, payloads);
  });

  it('comes back by itself when the gate was closed and opened again at its place', async (t) => {
    const { authority, broker, gate, url } = await openGate(t);
    const node = connection(t, url, authority.fingerprint);
    await within(
      node.open(() => {}),
      'the connection',
    );
    const { port } = gate;
    await gate.close();
    await eventually(() => !node.connected, 'the connection being lost');
    const again = await Gate.open({
      host: '127.0.0.1',
      port,
      certificate: authority.issue('127.0.0.1'),
      broker: `mqtt://127.0.0.1:${broker.port}`,
      connectionsMax: 8,
    });
    t.after(() => again.close());
    await eventually(() => node.connected, 'the connection being back');
  });

  for (const [what, issuedFor, pinned, problem] of [
    ['of another authority', '127.0.0.1', 'a'.repeat(64), /has fingerprint [0-9a-f]{64}, expected aaaa/],
    ['that the system does not know', '127.0.0.1', null, /certificate/],
    ['for another address', '192.168.1.10', 'own', /not for 127\.0\.0\.1, but for IP Address:192\.168\.1\.10/],
  ] as const) {
    it(`tells a broker ${what} not a byte, and says why`, async (t) => {
      const authority = openCertificateAuthority(directory(), 'lab');
      let bytes = 0;
      let attempts = 0;
      const { key, chain } = authority.issue(issuedFor);
      const server = createServer({ key, cert: chain }, (socket) => {
        socket.on('error', () => {});
        socket.on('data', (part) => {
          bytes += part.length;
        });
      });
      server.on('connection', () => attempts++);
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
      t.after(() => server.close());
      const fingerprint = pinned === 'own' ? authority.fingerprint : pinned;
      const node = connection(t, `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`, fingerprint);
      node.open(() => {}).catch(() => {});
      await eventually(() => problem.test(node.lastProblem ?? ''), `the reason, not ${node.lastProblem}`);
      await eventually(() => attempts >= 3, 'several attempts');
      assert.deepEqual([node.connects, bytes], [0, 0]);
    });
  }

  it('is refused by an authority that signs for itself what another has signed', async (t) => {
    // The right authority is shown in the chain, but the certificate in use is not of its making.
    const right = openCertificateAuthority(directory(), 'lab');
    const wrong = openCertificateAuthority(directory(), 'lab');
    const { chain, key } = wrong.issue('127.0.0.1');
    const own = chain.slice(0, chain.indexOf('-----END') + '-----END CERTIFICATE-----\n'.length);
    const gate = await Gate.open({
      host: '127.0.0.1',
      port: 0,
      certificate: { key, chain: own + right.certificate },
      broker: 'mqtt://127.0.0.1:9',
      connectionsMax: 8,
    });
    t.after(() => gate.close());
    const node = connection(t, `mqtts://127.0.0.1:${gate.port}`, right.fingerprint);
    node.open(() => {}).catch(() => {});
    await eventually(() => node.lastProblem !== null, 'the reason');
    assert.match(
      node.lastProblem ?? '',
      /is not trusted: (its certificate is not signed|its authority has|it shows no)/,
    );
    assert.equal(node.connects, 0);
  });
});
