/** Writes docs/openapi.json: `npm run openapi:generate`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT, PROJECT_VERSION } from '../../project.ts';
import { openApiDocument } from './openapi.ts';

writeFileSync(
  join(PROJECT_ROOT, 'docs', 'openapi.json'),
  `${JSON.stringify(openApiDocument(PROJECT_VERSION), null, 2)}\n`,
);
