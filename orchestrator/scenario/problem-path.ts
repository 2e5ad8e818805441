/** The path of a problem that another reader found, in steps: `services[0].name` as ['services', 0, 'name']. */
import type { Path } from '../files/yaml-source.ts';

export function problemPath(text: string): Path {
  return [...text.matchAll(/\[(\d{1,9})\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? key! : Number(index),
  );
}
