/** The committed compose file: what it is made from, what docker compose makes of it, and what a container may do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { readConfig } from '../../node/host/config.ts';
import { configurationHash } from '../../node/host/configuration-hash.ts';
import { catalogueOf } from '../../node/host/service-definitions.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { parseArguments } from '../../orchestrator/cli/arguments.ts';
import { COMMANDS } from '../../orchestrator/cli/command-list.ts';
import { composedPlan } from '../../orchestrator/compose/compose-file.ts';
import { composeVersion, type ResolvedCompose, resolveCompose } from '../support/compose-config.ts';

const ROOT = new URL('../../', import.meta.url);
const committed = readFileSync(new URL('compose/compose.yaml', ROOT), 'utf8');
const NODES = ['1', '2', '3', '4', '5', '6', '7', '8'];

const missing = composeVersion() === null && 'docker compose is not installed';
const required = process.env.CI === 'true';

describe('the compose file', () => {
  it('is reached from the root, and names neither a version nor containers', () => {
    const root = parse(readFileSync(new URL('compose.yaml', ROOT), 'utf8')) as Record<string, unknown>;
    assert.deepEqual(root, { name: 'wallance', include: ['compose/compose.yaml'] });
    assert.doesNotMatch(committed, /^version:|container_name:|start_interval:|subpath:/m);
  });
});

describe('docker compose', { skip: !required && missing }, () => {
  let resolved: ResolvedCompose;
  const nodes = () => NODES.map((node) => [node, resolved.services[`node-${node}`]!] as const);

  it('takes it as it is', () => {
    resolved = resolveCompose();
    assert.deepEqual(
      Object.keys(resolved.services).sort(),
      ['broker', 'credentials', 'lab', ...NODES.map((node) => `node-${node}`)].sort(),
    );
  });

  it('lets no container write to its root, gain a right, or use the machine without a limit', () => {
    for (const [name, service] of Object.entries(resolved.services)) {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      const { cpus, memory, pids } = service.deploy?.resources?.limits ?? {};
      assert.ok(Number(cpus) > 0 && Number(memory) > 0 && Number(pids) > 0, name);
      for (const key of ['privileged', 'pid', 'ipc', 'container_name'] as const) assert.equal(service[key], undefined);
      const binds = (service.volumes ?? []).filter(({ type }) => type !== 'volume');
      assert.deepEqual(binds, [], `${name} has nothing of the machine's own files`);
    }
    const { credentials, ...others } = resolved.services;
    assert.deepEqual([credentials?.user, credentials?.cap_add, credentials?.network_mode], ['0:0', ['CHOWN'], 'none']);
    for (const [name, { user, cap_add }] of Object.entries(others)) {
      assert.deepEqual([user, cap_add], [undefined, undefined], `${name} runs as the image says`);
    }
  });

  it('opens ports on this machine only: of the fabric, and of the page', () => {
    const ports = Object.entries(resolved.services).flatMap(([name, { ports = [] }]) =>
      ports.map(({ host_ip, target }) => [name, host_ip, target]),
    );
    assert.deepEqual(ports, [
      ['broker', '127.0.0.1', 1883],
      ['lab', '127.0.0.1', 8420],
    ]);
    const asked = resolveCompose({ WALLANCE_FABRIC_PORT: '18830', WALLANCE_HTTP_PORT: '18420' });
    assert.equal(asked.services.lab?.ports?.[0]?.published, '18420');
    assert.equal(asked.services.broker?.ports?.[0]?.published, '18830');
    assert.equal(resolved.services.lab?.ports?.[0]?.published, undefined, 'one that is free');
    assert.equal(resolved.networks.control?.internal, true);
  });

  it('waits for what comes before by its health, and asks every two seconds', () => {
    const conditions = (name: string) =>
      Object.fromEntries(
        Object.entries(resolved.services[name]?.depends_on ?? {}).map(([on, { condition }]) => [on, condition]),
      );
    const dealt = { credentials: 'service_completed_successfully' };
    assert.deepEqual(conditions('broker'), dealt);
    assert.deepEqual(conditions('lab'), dealt);
    for (const [node, { healthcheck }] of nodes()) {
      assert.deepEqual(conditions(`node-${node}`), { ...dealt, broker: 'service_healthy', lab: 'service_started' });
      assert.deepEqual([healthcheck?.interval, healthcheck?.test], ['2s', undefined], "the image's own check");
    }
  });

  it('gives each part its own passwords to read and no others', () => {
    const mounted = (name: string, target: string) =>
      (resolved.services[name]?.volumes ?? []).filter((volume) => volume.target.startsWith(target));
    for (const part of ['broker', 'lab', ...NODES.map((node) => `node-${node}`)]) {
      const [volume, ...more] = mounted(part, '/credentials');
      assert.deepEqual([volume?.source, volume?.read_only, more.length], [`credentials-${part}`, true, 0]);
    }
    for (const node of NODES) assert.equal(mounted(`node-${node}`, '/data')[0]?.source, `node-${node}`);
    for (const [name, { environment = {} }] of Object.entries(resolved.services)) {
      assert.deepEqual(
        Object.keys(environment).filter((variable) => /PASSWORD$/.test(variable)),
        [],
        `${name} has no password in its environment, where docker inspect shows it`,
      );
    }
  });

  it('gives every node a configuration that it takes, and the one that the lab expects', () => {
    const plan = composedPlan();
    for (const [node, { environment = {} }] of nodes()) {
      const files = {
        WALLANCE_FABRIC_PASSWORD_FILE: undefined,
        WALLANCE_CONTROL_PASSWORD_FILE: undefined,
      };
      const result = readConfig({ ...environment, ...files });
      assert.ok(result.ok, JSON.stringify(!result.ok && result.problems));
      const { config } = result;
      assert.deepEqual([config.node, config.seat, config.dataDir], [node, node, '/data']);
      const catalogue = catalogueOf(config.services);
      const { profile: name, parameters, members } = config;
      const profile = namedProfile({ profile: name, parameters, members, catalogue });
      assert.ok(profile.ok);
      assert.equal(
        configurationHash({ profile: name, parameters: profile.profile.parameters, members, catalogue }),
        plan.configurationHash,
      );
    }
  });

  it('calls commands with arguments that they take', () => {
    for (const [name, { command }] of Object.entries(resolved.services)) {
      if (name.startsWith('node-')) continue;
      const [verb, ...rest] = command ?? [];
      const known = COMMANDS.find((candidate) => candidate.name === verb);
      assert.ok(known !== undefined, `${name} calls ${verb}`);
      const parsed = parseArguments(rest, known.flags, known.positionals);
      assert.ok(parsed.ok, JSON.stringify(!parsed.ok && parsed.problems));
    }
  });

  it('builds each image once, from the base that the environment names', () => {
    const built = Object.entries(resolveCompose({ BASE_IMAGE: 'base:mine' }).services).flatMap(([name, { build }]) =>
      build === undefined ? [] : [[name, build.target, JSON.stringify(build).includes('base:mine')]],
    );
    assert.deepEqual(built.sort(), [
      ['credentials', 'lab', true],
      ['node-1', 'node', true],
    ]);
  });
});
