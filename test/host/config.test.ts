import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { type NodeConfig, readConfig } from '../../node/host/config.ts';
import { VARIABLE_NAMES, VARIABLES, variablesHelp } from '../../node/host/config-variables.ts';
import { describeProblem } from '../../node/protocol/parameters.ts';

const MINIMAL = {
  WALLANCE_NODE: '3',
  WALLANCE_MEMBERS: '1,2,3',
  WALLANCE_FABRIC_URL: 'mqtt://127.0.0.1:1883',
  WALLANCE_DATA_DIR: '/tmp/x',
};

function accepted(env: Record<string, string>): NodeConfig {
  const result = readConfig({ ...MINIMAL, ...env });
  assert.ok(result.ok, result.ok ? '' : result.problems.map(describeProblem).join('\n'));
  return result.config;
}

function refused(env: NodeJS.ProcessEnv): string[] {
  const result = readConfig(env);
  assert.ok(!result.ok, 'refused');
  return result.problems.map(describeProblem);
}

function fileWith(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-config-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'file');
  writeFileSync(file, text);
  return file;
}

test('what is required is enough, and everything else has its default', () => {
  const config = accepted({});
  assert.deepEqual(
    { ...config, services: config.services.map(({ name }) => name), commandEnvironment: {} },
    {
      node: '3',
      seat: '3',
      lab: 'lab',
      members: ['1', '2', '3'],
      profile: 'paper',
      parameters: {},
      services: ['espresso', 'Nespresso', 'Tea'],
      fabric: { url: 'mqtt://127.0.0.1:1883', username: '3', password: null, qos: 1, cleanSession: false },
      control: null,
      caFingerprint: null,
      dataDir: '/tmp/x',
      durability: 'process',
      sensors: [
        {
          topic: 'virtual',
          periodMs: { min: 1000, max: 10_000 },
          jitterMs: 0,
          seed: null,
          samplesMax: null,
          kind: 'counter',
          start: 1,
          step: 1,
        },
      ],
      seed: '1',
      conditions: { behaviours: [], commitDelayMs: 0, clockOffsetMs: 0, sensors: true },
      sampleTopic: null,
      sampleFile: null,
      sampleStdin: false,
      parentPipe: false,
      http: null,
      heartbeatFile: null,
      inlineDifficultyMax: 2,
      observations: 'file',
      observationsBytesMax: 134_217_728,
      commandEnvironment: {},
    },
  );
});

test('a broker behind TLS has a port of its own, and the fingerprint of its authority is read as openssl prints it', () => {
  const digits = 'AB'.repeat(32);
  const read = (fingerprint: string) =>
    readConfig({ ...MINIMAL, WALLANCE_FABRIC_URL: 'mqtts://lab.example', WALLANCE_CA_FINGERPRINT: fingerprint });
  for (const text of [digits, digits.toLowerCase(), digits.match(/../g)!.join(':')]) {
    const result = read(text);
    assert.ok(result.ok);
    assert.deepEqual(
      [result.config.fabric.url, result.config.caFingerprint],
      ['mqtts://lab.example:8883', 'ab'.repeat(32)],
    );
  }
  const wrong = read('ab'.repeat(20));
  assert.match(wrong.ok ? '' : wrong.problems.map(describeProblem).join(), /WALLANCE_CA_FINGERPRINT: expected SHA-256/);
});

test('every variable is read', () => {
  const config = accepted({
    WALLANCE_SEAT: '3-twin',
    WALLANCE_LAB: 'lab-a',
    WALLANCE_MEMBERS: '1, 2 ,3',
    WALLANCE_PROFILE: 'ref-c',
    WALLANCE_PARAMETERS: '{"difficulty":2}',
    WALLANCE_SERVICES: '[{"name":"Tea","priceDcoins":1,"program":{"kind":"log","text":"x"}}]',
    WALLANCE_FABRIC_URL: 'mqtt://[::1]',
    WALLANCE_FABRIC_PASSWORD: 'pw-fabric',
    WALLANCE_CONTROL_URL: 'mqtt://control.example:99',
    WALLANCE_CONTROL_PASSWORD: 'pw-control',
    WALLANCE_QOS: '0',
    WALLANCE_CLEAN_SESSION: 'true',
    WALLANCE_DURABILITY: 'power',
    WALLANCE_SENSORS: 'none',
    WALLANCE_SEED: '42',
    WALLANCE_SAMPLE_TOPIC: 'devices/+/value',
    WALLANCE_SAMPLE_URL: 'mqtt://devices.example',
    WALLANCE_SAMPLE_USER: 'reader',
    WALLANCE_SAMPLE_PASSWORD: 'pw-sample',
    WALLANCE_SAMPLE_FILE: '/tmp/values',
    WALLANCE_SAMPLE_STDIN: 'true',
    WALLANCE_HTTP_PORT: '0',
    WALLANCE_HTTP_HOST: '0.0.0.0',
    WALLANCE_HEARTBEAT_FILE: '/dev/shm/heartbeat',
    WALLANCE_INLINE_DIFFICULTY_MAX: '0',
    WALLANCE_OBSERVATIONS: 'none',
    WALLANCE_OBSERVATIONS_MAX_BYTES: '65536',
  });
  assert.deepEqual(
    [config.seat, config.lab, config.members, config.profile],
    ['3-twin', 'lab-a', ['1', '2', '3'], 'ref-c'],
  );
  assert.deepEqual(config.parameters, { difficulty: 2 });
  assert.deepEqual(
    config.services.map(({ name }) => name),
    ['Tea'],
  );
  assert.deepEqual(
    [config.fabric.url, config.fabric.username, config.fabric.qos, config.fabric.cleanSession],
    ['mqtt://[::1]:1883', '3-twin', 0, true],
  );
  assert.deepEqual([config.fabric.password?.reveal(), config.control?.password?.reveal()], ['pw-fabric', 'pw-control']);
  assert.deepEqual([config.control?.url, config.control?.username], ['mqtt://control.example:99', '3-twin']);
  assert.deepEqual([config.durability, config.sensors, config.seed], ['power', [], '42']);
  assert.equal(config.sampleTopic?.filter, 'devices/+/value');
  assert.deepEqual(
    [config.sampleTopic.broker.url, config.sampleTopic.broker.username, config.sampleTopic.broker.password?.reveal()],
    ['mqtt://devices.example:1883', 'reader', 'pw-sample'],
  );
  assert.deepEqual([config.sampleFile, config.sampleStdin], ['/tmp/values', true]);
  assert.deepEqual(config.http, { host: '0.0.0.0', port: 0 });
  assert.equal(config.heartbeatFile, '/dev/shm/heartbeat');
  assert.deepEqual([config.inlineDifficultyMax, config.observationsBytesMax], [0, 65_536]);
  assert.equal(config.observations, 'none');
});

test('a sample topic without a broker of its own is on the fabric, as the seat', () => {
  const { sampleTopic, fabric } = accepted({ WALLANCE_SAMPLE_TOPIC: 'devices/#', WALLANCE_FABRIC_PASSWORD: 'pw' });
  assert.deepEqual([sampleTopic?.broker.url, sampleTopic?.broker.username], [fabric.url, '3']);
  assert.equal(sampleTopic?.broker.password?.reveal(), 'pw');
});

test('services and passwords are read from files in place of variables', (t) => {
  const services = fileWith(t, '[{"name":"Soup","priceDcoins":3,"program":{"kind":"log","text":"x"}}]');
  const config = accepted({
    WALLANCE_SERVICES_FILE: services,
    WALLANCE_FABRIC_PASSWORD_FILE: fileWith(t, 'from file\r\n'),
  });
  assert.deepEqual(
    config.services.map(({ name }) => name),
    ['Soup'],
  );
  assert.equal(config.fabric.password?.reveal(), 'from file');
});

test('an empty variable counts as absent', () => {
  assert.equal(accepted({ WALLANCE_HTTP_PORT: '', WALLANCE_SERVICES: '', WALLANCE_FABRIC_PASSWORD: '' }).http, null);
});

test('nothing configured at all names everything that is required, at once', () => {
  assert.deepEqual(refused({}), [
    'WALLANCE_NODE: expected 1..32 of [A-Za-z0-9-], got nothing',
    'WALLANCE_MEMBERS: expected 2..512 different ids with commas between, each 1..32 of [A-Za-z0-9-], got nothing',
    'WALLANCE_FABRIC_URL: expected mqtt://host[:port] or mqtts://host[:port] without user and password, got nothing',
    'WALLANCE_DATA_DIR: expected a path of 1..4096 bytes, got nothing',
  ]);
});

test('all problems are found at once, each with its place', () => {
  const lines = refused({
    WALLANCE_NODE: 'a_b',
    WALLANCE_SEAT: 'x'.repeat(33),
    WALLANCE_LAB: 'lab/+',
    WALLANCE_MEMBERS: '1,2,,1,é',
    WALLANCE_PROFILE: 'papre',
    WALLANCE_PARAMETERS: '[1]',
    WALLANCE_SERVICES: '[{"name":"","priceDcoins":-1,"program":7}]',
    WALLANCE_FABRIC_URL: 'http://x',
    WALLANCE_CONTROL_URL: 'mqtt://x:70000',
    WALLANCE_QOS: '2',
    WALLANCE_CLEAN_SESSION: 'yes',
    WALLANCE_DURABILITY: 'always',
    WALLANCE_SENSORS: '[{"topic":"a","kind":"constant","value":"x","periodMs":0}]',
    WALLANCE_SAMPLE_TOPIC: 'a/#/b',
    WALLANCE_SAMPLE_PASSWORD: 'pw',
    WALLANCE_SAMPLE_STDIN: '1',
    WALLANCE_HTTP_PORT: '65536',
    WALLANCE_INLINE_DIFFICULTY_MAX: '8',
    WALLANCE_OBSERVATIONS: 'off',
    WALLANCE_OBSERVATIONS_MAX_BYTES: '1e9',
    WALLANCE_FABRIC_PASWORD: 'hunter2',
    WALLANCE_MEMBER: '1',
  });
  assert.deepEqual(lines.map((line) => line.slice(0, line.indexOf(': expected'))).sort(), [
    'WALLANCE_CLEAN_SESSION',
    'WALLANCE_CONTROL_URL',
    'WALLANCE_DATA_DIR',
    'WALLANCE_DURABILITY',
    'WALLANCE_FABRIC_PASWORD',
    'WALLANCE_FABRIC_URL',
    'WALLANCE_HTTP_PORT',
    'WALLANCE_INLINE_DIFFICULTY_MAX',
    'WALLANCE_LAB',
    'WALLANCE_MEMBER',
    'WALLANCE_MEMBERS[2]',
    'WALLANCE_MEMBERS[3]',
    'WALLANCE_MEMBERS[4]',
    'WALLANCE_NODE',
    'WALLANCE_OBSERVATIONS',
    'WALLANCE_OBSERVATIONS_MAX_BYTES',
    'WALLANCE_PARAMETERS',
    'WALLANCE_PROFILE',
    'WALLANCE_QOS',
    'WALLANCE_SAMPLE_PASSWORD',
    'WALLANCE_SAMPLE_STDIN',
    'WALLANCE_SAMPLE_TOPIC',
    'WALLANCE_SEAT',
    'WALLANCE_SENSORS[0].periodMs',
    'WALLANCE_SENSORS[0].value',
    'WALLANCE_SERVICES[0].name',
    'WALLANCE_SERVICES[0].priceDcoins',
    'WALLANCE_SERVICES[0].program',
  ]);
  assert.ok(
    lines.includes(
      'WALLANCE_FABRIC_PASWORD: expected a known name, got an unknown one (nearest: WALLANCE_FABRIC_PASSWORD)',
    ),
  );
  assert.ok(lines.includes('WALLANCE_MEMBER: expected a known name, got an unknown one (nearest: WALLANCE_MEMBERS)'));
  assert.ok(!lines.join('\n').includes('hunter2'));
});

test('a node that is not among the members, and too few or too many of them, are refused', () => {
  assert.deepEqual(refused({ ...MINIMAL, WALLANCE_NODE: '9' }), [
    'WALLANCE_MEMBERS: expected ids with 9 (WALLANCE_NODE) among them, got a list without it',
  ]);
  assert.deepEqual(refused({ ...MINIMAL, WALLANCE_MEMBERS: '3' }), ['WALLANCE_MEMBERS: expected 2..512 ids, got 1']);
  const crowd = Array.from({ length: 513 }, (_, i) => String(i + 1)).join();
  assert.deepEqual(refused({ ...MINIMAL, WALLANCE_MEMBERS: crowd }), [
    'WALLANCE_MEMBERS: expected 2..512 ids, got 513',
  ]);
});

test('standard input is read for samples or watched for its end, not both', () => {
  assert.equal(accepted({ WALLANCE_PARENT_PIPE: 'true' }).parentPipe, true);
  assert.deepEqual(refused({ ...MINIMAL, WALLANCE_PARENT_PIPE: 'true', WALLANCE_SAMPLE_STDIN: 'true' }), [
    'WALLANCE_PARENT_PIPE: expected not true beside WALLANCE_SAMPLE_STDIN, got both',
  ]);
});

test('a variable and the file in place of it are not given together, and the file must be readable and small', (t) => {
  const password = fileWith(t, 'pw');
  assert.deepEqual(refused({ ...MINIMAL, WALLANCE_FABRIC_PASSWORD: 'a', WALLANCE_FABRIC_PASSWORD_FILE: password }), [
    'WALLANCE_FABRIC_PASSWORD_FILE: expected nothing beside WALLANCE_FABRIC_PASSWORD, got both',
  ]);
  assert.deepEqual(
    refused({
      ...MINIMAL,
      WALLANCE_FABRIC_PASSWORD_FILE: '/nonexistent/secret',
      WALLANCE_CONTROL_PASSWORD_FILE: tmpdir(),
      WALLANCE_SERVICES_FILE: fileWith(t, '[{]'),
    }),
    [
      'WALLANCE_FABRIC_PASSWORD_FILE: expected a readable file of at most 4096 bytes, got ENOENT',
      'WALLANCE_CONTROL_PASSWORD_FILE: expected a readable file of at most 4096 bytes, got no file',
      'WALLANCE_SERVICES_FILE: expected a JSON array of services, got text that is not JSON at position 2',
    ],
  );
});

test('no password shows in a problem, in printing, in JSON or in inspection', (t) => {
  const secret = 'hunter2-äöü';
  const config = accepted({
    WALLANCE_FABRIC_PASSWORD: secret,
    WALLANCE_CONTROL_URL: 'mqtt://c',
    WALLANCE_CONTROL_PASSWORD_FILE: fileWith(t, secret),
  });
  for (const shown of [
    String(config.fabric.password),
    `${config.fabric.password}`,
    JSON.stringify(config),
    inspect(config, { depth: 9 }),
  ]) {
    assert.ok(!shown.includes('hunter2'), shown);
  }
  assert.equal(inspect(config.fabric.password), '[secret]');
  const lines = refused({
    ...MINIMAL,
    WALLANCE_FABRIC_URL: `mqtt://user:${secret}@host`,
    WALLANCE_FABRIC_PASSWORD: `${secret}\0`,
    WALLANCE_CONTROL_PASSWORD: secret.repeat(200),
    WALLANCE_SAMPLE_PASSWORD_FILE: fileWith(t, `${secret}\0`),
    WALLANCE_SERVICES: `[{"name":"x","token":${secret}`,
    [`WALLANCE_${secret}`]: secret,
  });
  // The misspelt name is shown (it is how the problem is found), so only its value is checked below.
  const rest = lines.filter((line) => !line.includes('unknown one')).join('\n');
  assert.ok(!rest.includes('hunter2'), rest);
  assert.equal(lines.length, 7);
});

test('hostile texts are refused as values and never throw', () => {
  const hostile = [
    '\0',
    "'; DROP TABLE wallets; --",
    '"',
    '{"__proto__":{"x":1}}',
    '[[[[',
    'x'.repeat(65_536),
    '\ud800',
    '1_2',
    '%00',
    '\n',
  ];
  for (const name of VARIABLE_NAMES) {
    for (const text of hostile) {
      const result = readConfig({ ...MINIMAL, [name]: text });
      if (result.ok) continue;
      for (const problem of result.problems) {
        const line = describeProblem(problem);
        assert.ok(line.length < 400, `${line.length} characters about ${name}`);
        assert.doesNotMatch(line, /[\u0000-\u0009\u000b-\u001f]/);
      }
    }
  }
  assert.equal(({} as { x?: number }).x, undefined);
});

test('commands of services inherit a path and nothing of the node', () => {
  const result = readConfig({ ...MINIMAL, PATH: '/bin', LANG: 'C', AWS_SECRET: 'x', WALLANCE_FABRIC_PASSWORD: 'pw' });
  assert.ok(result.ok);
  assert.deepEqual(result.config.commandEnvironment, { PATH: '/bin', LANG: 'C' });
});

test("the name of the lab command's own variable is no problem", () => {
  assert.equal(accepted({ WALLANCE_HOME: '/x' }).node, '3');
});

test('the help names every variable with its bounds and its default', () => {
  const help = variablesHelp();
  for (const name of VARIABLE_NAMES) {
    assert.ok(help.includes(`${name}\n    ${VARIABLES[name].about}`), name);
    assert.ok(help.includes(VARIABLES[name].expected), name);
  }
  assert.match(help, /WALLANCE_QOS\n.*0 or 1; default: 1/);
});
