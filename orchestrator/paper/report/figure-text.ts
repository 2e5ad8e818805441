/** Figures with their units as people read them: times, bytes and energies in the unit that suits their size. Pure. */
import { NONE, significantNumber } from '../../report/quantity-text.ts';

const SPACE = '\u00a0';

interface Unit {
  readonly name: string;
  /** How many of the smallest unit. */
  readonly size: number;
  /** From how many of them on; 1 where there is no custom. */
  readonly from?: number;
}

/** Each by size, the smallest first. */
const FAMILIES: readonly (readonly Unit[])[] = [
  [
    { name: 'ns', size: 1 },
    { name: '\u00b5s', size: 1e3 },
    { name: 'ms', size: 1e6 },
    { name: 's', size: 1e9 },
    { name: 'min', size: 60e9, from: 2 },
    { name: 'h', size: 3600e9, from: 2 },
    { name: 'days', size: 86_400e9, from: 2 },
  ],
  [
    { name: 'B', size: 1 },
    { name: 'kB', size: 1e3 },
    { name: 'MB', size: 1e6 },
    { name: 'GB', size: 1e9 },
    { name: 'TB', size: 1e12 },
  ],
  [
    { name: 'nJ', size: 1 },
    { name: '\u00b5J', size: 1e3 },
    { name: 'mJ', size: 1e6 },
    { name: 'J', size: 1e9 },
    { name: 'kJ', size: 1e12 },
    { name: 'MJ', size: 1e15 },
  ],
];
const OTHER_NAMES: Readonly<Record<string, string>> = {
  us: '\u00b5s',
  '\u03bcs': '\u00b5s',
  byte: 'B',
  bytes: 'B',
  uJ: '\u00b5J',
  '\u03bcJ': '\u00b5J',
};
/** Bytes of messages are compared byte by byte. */
const EXACT_BYTES_MAX = 10_000;

/** A unit and what a value of the unit before is multiplied with. */
interface Scaled {
  readonly unit: string;
  readonly factor: number;
}

function scaled(value: number, unit: string): Scaled {
  const name = Object.hasOwn(OTHER_NAMES, unit) ? OTHER_NAMES[unit]! : unit;
  const family = FAMILIES.find((units) => units.some((one) => one.name === name));
  const own = family?.find((one) => one.name === name);
  const rounded = Math.abs(Number(value.toPrecision(3)));
  if (family === undefined && rounded >= 1e6 && rounded < 1e9) return { unit: `million ${name}`.trim(), factor: 1e-6 };
  if (family === undefined || own === undefined || value === 0 || !Number.isFinite(value))
    return { unit: name, factor: 1 };
  if (name === 'B' && Number.isInteger(value) && Math.abs(value) < EXACT_BYTES_MAX) return { unit: name, factor: 1 };
  // As it will be rounded: 999.9 us is 1 ms.
  const size = rounded * own.size;
  const fitting = family.findLast((one) => size >= one.size * (one.from ?? 1)) ?? family[0]!;
  return { unit: fitting.name, factor: own.size / fitting.size };
}

/** "8.31 us", "65 536 nonces"; three significant digits. `unit` may be empty. */
export function figureText(value: number, unit: string): string {
  const { unit: shown, factor } = scaled(value, unit);
  return `${significantNumber(value * factor)}${shown === '' || !Number.isFinite(value) ? '' : SPACE + shown}`;
}

/**
 * What stands beside `figureText`, in its unit: "\u00b1 0.12" where both ends are as far from the value, else "[8.1, 8.9]";
 * null without an interval.
 */
export function intervalText(
  value: number,
  unit: string,
  low: number | undefined,
  high: number | undefined,
): string | null {
  const { factor } = scaled(value, unit);
  const number = (end: number): string => significantNumber(end * factor);
  const ends = [low, high].map((end) => (end === undefined || !Number.isFinite(end) ? null : end));
  const [from = null, to = null] = ends;
  if (from === null && to === null) return null;
  if (from === null || to === null)
    return `[${from === null ? NONE : number(from)}, ${to === null ? NONE : number(to)}]`;
  const half = (to - from) / 2;
  const skew = Math.abs(to - value - (value - from));
  return half >= 0 && skew <= half * 0.1
    ? `\u00b1${SPACE}${number(Number(half.toPrecision(2)))}`
    : `[${number(from)}, ${number(to)}]`;
}
