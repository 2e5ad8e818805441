/** Version of the program, from the nearest package.json above this file: as written, as built and in an image alike. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `unknown` where no package.json is to be found. */
export function programVersion(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    try {
      const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch {
      // None here.
    }
    if (dirname(directory) === directory) return 'unknown';
  }
}
