/** What containers have besides themselves: names of volumes, also of those without a name, and of networks. */
import { docker, dockerOutcome, isStuckNetwork } from './engine.ts';

export interface Belongings {
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
}

/** Of all containers with this label, running or not. */
export async function belongingsOf(label: string): Promise<Belongings> {
  const ids = await docker('container', 'ls', '--all', '--quiet', '--filter', `label=${label}`);
  if (ids === '') return { volumes: [], networks: [] };
  const found = JSON.parse(await docker('container', 'inspect', ...ids.split('\n'))) as {
    readonly Mounts: readonly { readonly Type: string; readonly Name?: string }[];
    readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> };
  }[];
  const volumes = found.flatMap(({ Mounts }) => Mounts.flatMap(({ Name }) => Name ?? []));
  const networks = found.flatMap(({ NetworkSettings }) => Object.keys(NetworkSettings.Networks));
  const own = (name: string) => !['bridge', 'host', 'none'].includes(name);
  return { volumes: [...new Set(volumes)], networks: [...new Set(networks)].filter(own) };
}

/** Those that are still there, but for networks that the engine itself does not let go of. */
export async function remaining({ volumes, networks }: Belongings): Promise<string[]> {
  const there = async (kind: string, name: string) =>
    (await dockerOutcome(kind, 'inspect', name)).code === 0 ? [`${kind} ${name}`] : [];
  const free = await Promise.all(networks.map(async (name) => ((await isStuckNetwork(name)) ? [] : [name])));
  const looks = [...volumes.map((name) => there('volume', name)), ...free.flat().map((name) => there('network', name))];
  return (await Promise.all(looks)).flat();
}
