/** How a node is, at a glance: a sign and a word beside the colour, since colour alone tells not everybody. Pure. */
import type { LiveNode } from '../api/frame-shape.ts';

export interface NodeSign {
  /** Names the class of the style sheet. */
  readonly kind: 'up' | 'down' | 'changing' | 'broken' | 'paused' | 'byzantine' | 'apart';
  readonly sign: string;
  readonly words: string;
}

export function signOf({ state, paused, behaviours, connected }: LiveNode): NodeSign {
  if (state === 'crashed') return { kind: 'broken', sign: '\u2715', words: 'crashed' };
  if (state === 'failed' || state === 'refused') return { kind: 'broken', sign: '!', words: state };
  if (state === 'down') return { kind: 'down', sign: '\u25cb', words: 'down' };
  if (state === 'starting' || state === 'stopping') return { kind: 'changing', sign: '\u2026', words: state };
  if (paused) return { kind: 'paused', sign: '\u2016', words: 'paused' };
  if (behaviours.length > 0) return { kind: 'byzantine', sign: '\u25c6', words: 'Byzantine' };
  if (connected === false) return { kind: 'apart', sign: '\u2300', words: 'without the fabric' };
  return { kind: 'up', sign: '\u25cf', words: 'up' };
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** `2` before `10`, `3` before `3b`. */
export const byName = (a: string, b: string): number => COLLATOR.compare(a, b);

export function inOrder(nodes: Iterable<LiveNode>): LiveNode[] {
  return [...nodes].sort((a, b) => byName(a.seat, b.seat));
}
