/**
 * The chain through a node's observations: each line carries `prev`, the first 16 hexadecimal digits of SHA-256 of the
 * line before it (without its line break), and `seq`, one more than the line before. A line that is missing, doubled,
 * moved or edited is detectable; the last lines cut off are not, and a forger who recomputes the chain is not stopped
 * (nothing is signed).
 *
 * A node that could not write (a full disk) says so: after the hole comes a line of the event `gap` with `from`, `to`
 * and `after`, which is the link of the last line before the hole. Such a hole is declared, not a break.
 */
import { hash } from 'node:crypto';

/** `prev` of the very first line. */
export const CHAIN_START = '0'.repeat(16);

/** What the next line carries as `prev`. */
export function linkOf(line: string): string {
  return hash('sha256', line, 'hex').slice(0, 16);
}

export interface DeclaredGap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export type ChainVerdict =
  | {
      readonly ok: true;
      readonly lines: number;
      readonly lastSeq: number;
      readonly lastLink: string;
      readonly gaps: readonly DeclaredGap[];
    }
  /** `line`: place of the first line that does not continue the chain, from 1. */
  | { readonly ok: false; readonly line: number; readonly expected: string; readonly found: string };

/** Where a chain is taken up: after line `seq`, whose link is `link`. */
export interface ChainPlace {
  readonly seq: number;
  readonly link: string;
}

/**
 * Checks `lines` (without line breaks, in order). Without `after` the first line may stand anywhere in a chain, as in a
 * file whose older part was rotated away; with `{ seq: 0, link: CHAIN_START }` it must be the beginning.
 */
export function verifyChain(lines: Iterable<string>, after: ChainPlace | null = null): ChainVerdict {
  let place = after;
  let count = 0;
  const gaps: DeclaredGap[] = [];
  for (const line of lines) {
    count++;
    const head = chainHead(line);
    if (head === null) {
      return { ok: false, line: count, expected: 'a JSON object with seq and prev', found: line.slice(0, 60) };
    }
    if (place !== null && !continues(head, place)) {
      const gap = declaredGap(head, place);
      if (gap === null) {
        const expected = `seq ${place.seq + 1} after ${place.link}`;
        return { ok: false, line: count, expected, found: `seq ${head.seq} after ${head.prev}` };
      }
      gaps.push(gap);
    }
    place = { seq: head.seq, link: linkOf(line) };
  }
  return { ok: true, lines: count, lastSeq: place?.seq ?? 0, lastLink: place?.link ?? CHAIN_START, gaps };
}

interface ChainHead {
  readonly seq: number;
  readonly prev: string;
  readonly event?: unknown;
  readonly from?: unknown;
  readonly to?: unknown;
  readonly after?: unknown;
  readonly reason?: unknown;
}

/** Null where `line` is no observation. */
export function chainHead(line: string): ChainHead | null {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null) return null;
    const { seq, prev } = parsed as Partial<ChainHead>;
    return Number.isSafeInteger(seq) && typeof prev === 'string' ? (parsed as ChainHead) : null;
  } catch {
    return null;
  }
}

function continues(head: ChainHead, place: ChainPlace): boolean {
  return head.seq === place.seq + 1 && head.prev === place.link;
}

function declaredGap(head: ChainHead, place: ChainPlace): DeclaredGap | null {
  const { seq, event, from, to, after, reason } = head;
  if (event !== 'gap' || from !== place.seq + 1 || to !== seq - 1 || from > to || after !== place.link) return null;
  return { from, to, reason: String(reason) };
}
