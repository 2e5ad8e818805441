/**
 * The profile observability with a real Prometheus in the place of the published image, which comes from a registry:
 * Debian's program over the base of the lab's image. What the file asks of the service, user, root, mounts, networks,
 * ports, is as committed. Grafana is not started.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { ComposeProject } from '../support/compose-project.ts';
import { docker, engineTest, eventuallyInside } from '../support/engine.ts';
import { Prometheus, programFile, prometheusMissing } from '../support/prometheus.ts';

const test = engineTest(['wallance-lab:local']);

/** As the published image has them: the program as entry point, a place for data, a wget for the health check. */
const DOCKERFILE = `FROM wallance-lab:local
USER root
COPY prometheus wget /bin/
RUN mkdir /prometheus && chown 65534:65534 /prometheus
USER 65534:65534
ENTRYPOINT ["/bin/prometheus"]
`;
const WGET = `#!/bin/sh
for url; do :; done
exec node -e 'fetch(process.argv[1]).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))' "$url"
`;

async function prometheusImage(t: TestContext): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-prometheus-image-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  copyFileSync(programFile('prometheus')!, join(directory, 'prometheus'));
  writeFileSync(join(directory, 'wget'), WGET);
  chmodSync(join(directory, 'wget'), 0o755);
  writeFileSync(join(directory, 'Dockerfile'), DOCKERFILE);
  return docker('build', '--quiet', directory);
}

describe('docker compose with the profile observability', { skip: prometheusMissing }, () => {
  test('has Prometheus scrape the lab and every node, and see a purchase on all of them', async (t) => {
    const image = await prometheusImage(t);
    const project = await ComposeProject.create(t, {
      COMPOSE_PROFILES: 'observability',
      PROMETHEUS_IMAGE: image,
      // Ports that are free.
      WALLANCE_HTTP_PORT: '0',
      WALLANCE_PROMETHEUS_PORT: '',
    });
    // After the project, which uses it until it is taken away.
    t.after(() => docker('image', 'rm', image));
    await project.compose('build');
    const services = (await project.compose('config', '--services')).trim().split('\n');
    assert.ok(services.includes('grafana'));
    await project.compose('up', '--wait', ...services.filter((name) => !['grafana', 'credentials'].includes(name)));
    const address = (await project.compose('port', 'prometheus', '9090')).trim();
    assert.match(address, /^127\.0\.0\.1:\d+$/);
    const prometheus = new Prometheus(`http://${address}`);
    const is = (expression: string, wanted: number) =>
      eventuallyInside(async () => (await prometheus.sum(expression)) === wanted, `${expression} being ${wanted}`);

    await is('up{job="wallance-lab"}', 1);
    await is('up{job="wallance-nodes"}', 8);
    await project.wallance('sample', '3', '--count', '10');
    await project.wallance('buy', '3', 'Tea', '--wait', '--timeout', '120');
    await is('wallance_requests_decided_total{node="3",service="Tea"}', 1);
    await is('wallance_node_decisions_total{node=~"[1-8]"}', 8);
    const rules = await prometheus.rules();
    assert.ok(rules.includes('WallanceNodeDown ok'), rules.join(', '));
    await project.compose('stop', 'node-5');
    await is('wallance_node_up{node="5"}', 0);
    await is('up{job="wallance-nodes"}', 7);
  });
});
