/** Quantities as people read them, always with their unit; an en dash where there is none. */

export const NONE = '\u2013';
/** Between a number and its unit. */
const SPACE = '\u00a0';

/** Three significant digits, no exponent, no trailing zeros. */
export function plainNumber(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const text = value.toFixed(Math.min(digits, 6));
  return grouped(text.includes('.') ? text.replace(/\.?0+$/, '') : text);
}

/**
 * Three significant digits of any size, never "0" for what is not 0: powers of ten below 0.0001 and from 10^9 on. Whole
 * numbers below a million stay as they are.
 */
export function significantNumber(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return grouped(String(value + 0));
  if (!Number.isFinite(value) || (size >= 1e-4 && size < 1e9)) return plainNumber(Number(value.toPrecision(3)));
  const [digits = '', exponent = ''] = value.toExponential(2).split('e');
  const raised = [...exponent.replace('+', '')].map((c) => (c === '-' ? '\u207b' : RAISED[Number(c)]!));
  return `${Number(digits)}${SPACE}\u00d7${SPACE}10${raised.join('')}`;
}

const RAISED = [...'\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'];

/** A whole number, thousands apart. */
export function countText(value: number | null): string {
  return value === null || !Number.isFinite(value) ? NONE : grouped(String(Math.round(value)));
}

export function millisecondsText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  if (Math.abs(value) < 1000) return `${plainNumber(value)}${SPACE}ms`;
  return secondsText(value);
}

/** Of milliseconds: `12.3 s`, `4 min 10 s`. */
export function secondsText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const seconds = value / 1000;
  if (Math.abs(seconds) < 120) return `${seconds.toFixed(Math.abs(seconds) < 10 ? 2 : 1)}${SPACE}s`;
  const whole = Math.round(Math.abs(seconds));
  return `${value < 0 ? '-' : ''}${Math.floor(whole / 60)}${SPACE}min ${whole % 60}${SPACE}s`;
}

export function bytesText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let amount = value;
  let unit = 0;
  while (Math.abs(amount) >= 1000 && unit < units.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${plainNumber(amount)}${SPACE}${units[unit]}`;
}

export function shareText(value: number | null): string {
  return value === null || !Number.isFinite(value) ? NONE : `${plainNumber(value * 100)}${SPACE}%`;
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}
