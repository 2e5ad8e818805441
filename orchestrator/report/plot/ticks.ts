/** Places of ticks that people can read: 1, 2 or 5 times a power of ten. Pure. */

export interface Ticks {
  readonly values: readonly number[];
  /** Of a linear axis; decides how many decimals a label has. 0 for a logarithmic one. */
  readonly step: number;
}

/** At most `count + 1` ticks inside [from, to]; one where there is no extent. */
export function niceTicks(from: number, to: number, count: number): Ticks {
  if (!Number.isFinite(from) || !Number.isFinite(to)) return { values: [], step: 1 };
  // Closer than numbers can be told apart when they are counted up in steps: no extent.
  if (!(to - from > (Math.abs(from) + Math.abs(to)) * 1e-9)) return { values: [from], step: 1 };
  const step = niceStep((to - from) / Math.max(1, count));
  const first = Math.ceil(from / step - 1e-6);
  const last = Math.floor(to / step + 1e-6);
  return { values: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step + 0), step };
}

/** Powers of ten inside [from, to], with 2 and 5 times them where there are few. */
export function logTicks(from: number, to: number): Ticks {
  if (!(from > 0) || !Number.isFinite(to) || to < from) return { values: [], step: 0 };
  const decades = Math.log10(to / from);
  const times = decades > 5 ? [1] : decades > 2.5 ? [1, 3] : [1, 2, 5];
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++)
    for (const factor of times) {
      const value = Number((factor * 10 ** power).toPrecision(3));
      if (value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9)) values.push(value);
    }
  return { values, step: 0 };
}

/** The next of 1, 2, 5 times a power of ten that is not smaller. */
export function niceStep(least: number): number {
  if (!(least > 0) || !Number.isFinite(least)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least * (1 - 1e-9))!;
  return Number((factor * power).toPrecision(12));
}

/** An end of an axis from 0 that is a multiple of a nice step and not below `max`; 1 for nothing. */
export function niceMax(max: number, count: number): number {
  if (!(max > 0) || !Number.isFinite(max)) return 1;
  const step = niceStep(max / Math.max(1, count));
  return Math.ceil(max / step - 1e-9) * step;
}

/** As many decimals as `step` needs; thousands as k, millions as M and so on. */
export function tickText(value: number, step: number): string {
  if (step === 0) return value >= 1000 ? large(value) : String(value);
  if (Math.abs(step) >= 1000 || Math.abs(value) >= 10_000) return large(value);
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const text = value.toFixed(decimals);
  return text === `-${(0).toFixed(decimals)}` ? (0).toFixed(decimals) : text;
}

function large(value: number): string {
  if (value === 0) return '0';
  const [unit, letter] = LETTERS.find(([least]) => Math.abs(value) >= least) ?? [1000, 'k'];
  if (Math.abs(value) >= unit * 1e4) return value.toExponential(0).replace('+', '');
  return `${Number((value / unit).toFixed(3))}${letter}`;
}

const LETTERS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
] as const;
