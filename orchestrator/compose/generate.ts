/** `npm run compose:generate`: writes compose/compose.yaml. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../project.ts';
import { composeFile } from './compose-file.ts';

writeFileSync(join(PROJECT_ROOT, 'compose', 'compose.yaml'), composeFile());
