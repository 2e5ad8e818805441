/**
 * Quantities as people write them in a scenario: `250ms`, `2s`, `1.5m`, `1h` or a plain number of milliseconds; `5%` or
 * `0.05`. What they mean stands in the shapes that use them.
 */
import { leaf } from '../files/file-shapes.ts';

/** A day: the longest that anything takes. */
export const DURATION_MS_MAX = 86_400_000;

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const DURATION = /^(-?(?:0|[1-9]\d{0,9})(?:\.\d{1,6})?)(ms|s|m|h)?$/;
const DURATION_PATTERN = '^-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,6})?(ms|s|m|h)?$';
const DECIMAL = /^-?(?:0|[1-9]\d{0,11})(?:\.\d{1,9})?$/;

/** Milliseconds, thousandths of them rounded; undefined for what is no duration. */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? 'ms') as keyof typeof UNIT_MS;
  return Math.round(Number(match[1]) * UNIT_MS[unit] * 1000) / 1000;
}

export function durationText(ms: number): string {
  for (const [unit, size] of [
    ['h', UNIT_MS.h],
    ['m', UNIT_MS.m],
    ['s', UNIT_MS.s],
  ] as const) {
    if (Math.abs(ms) >= size && (ms / size) * 100 === Math.round((ms / size) * 100)) return `${ms / size} ${unit}`;
  }
  return `${ms} ms`;
}

/** Whole milliseconds. */
export function duration(minMs = 0, maxMs = DURATION_MS_MAX) {
  return durationLeaf(minMs, maxMs, (ms) => Number.isInteger(ms));
}

/** Milliseconds to a thousandth: what a link takes. */
export function fineDuration(minMs = 0, maxMs = DURATION_MS_MAX) {
  return durationLeaf(minMs, maxMs, () => true);
}

function durationLeaf(minMs: number, maxMs: number, accepts: (ms: number) => boolean) {
  const least = minMs <= 0 ? '' : ` from ${durationText(minMs)} on`;
  const most = maxMs >= DURATION_MS_MAX ? '' : ` up to ${durationText(maxMs)}`;
  return leaf(
    `a duration such as 250ms, 2s or 1m${least}${most}`,
    (found) => {
      const ms = typeof found === 'string' ? durationMs(found) : undefined;
      return ms !== undefined && ms >= minMs && ms <= maxMs && accepts(ms) ? ms : undefined;
    },
    { type: ['string', 'number'], pattern: DURATION_PATTERN, minimum: minMs, maximum: maxMs },
  );
}

export function decimal(min: number, max: number) {
  return leaf(
    `a number ${min}..${max}`,
    (found) => {
      const value = typeof found === 'string' ? decimalOf(found) : undefined;
      return value !== undefined && value >= min && value <= max ? value : undefined;
    },
    { type: 'number', minimum: min, maximum: max },
  );
}

export function decimalOf(text: string): number | undefined {
  return DECIMAL.test(text) ? Number(text) : undefined;
}

/** A probability or a part of a whole, 0..1. */
export function share() {
  return leaf(
    'a share such as 5% or 0.05',
    (found) => {
      const value = typeof found === 'string' ? (percentOf(found) ?? decimalOf(found)) : undefined;
      return value !== undefined && value >= 0 && value <= 1 ? value : undefined;
    },
    { type: ['string', 'number'], pattern: '^((100|[0-9]{1,2}(\\.[0-9]+)?)%|0|1|0\\.[0-9]+)$', minimum: 0, maximum: 1 },
  );
}

/** `5%` as 0.05; undefined for anything else. */
export function percentOf(text: string): number | undefined {
  const value = text.endsWith('%') ? decimalOf(text.slice(0, -1)) : undefined;
  return value === undefined ? undefined : value / 100;
}
