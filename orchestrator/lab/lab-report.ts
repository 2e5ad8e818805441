/** How a lab process in the background tells the command that started it how far it is: JSON lines on a pipe. */
import type { FailureCode } from '../failure.ts';
import type { LabSummary } from './lab-commands.ts';
import type { LabEvent } from './lab-view.ts';

export type LabReportLine =
  | { readonly kind: 'event'; readonly event: LabEvent }
  | { readonly kind: 'ready'; readonly summary: LabSummary }
  /** Another process runs this lab, or is just starting it. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly code: FailureCode; readonly message: string };
