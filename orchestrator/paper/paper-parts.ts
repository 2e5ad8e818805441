/** The parts of the evaluation, in the order in which they are measured and shown. */
import type { PaperPart } from './measurement.ts';

export const PAPER_PARTS: readonly PaperPart[] = [];
