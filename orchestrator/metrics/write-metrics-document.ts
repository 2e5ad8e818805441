/** `npm run metrics:generate`: writes docs/metrics.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../project.ts';
import { metricsDocument } from './metrics-document.ts';

writeFileSync(join(PROJECT_ROOT, 'docs', 'metrics.md'), metricsDocument());
