/** Quantities as people read them. Pure. */

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const DCOINS = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

export const plain = (value: number): string => NUMBER.format(value);

/** `1 node`, `3 nodes`. */
export function counted(count: number, noun: string): string {
  return `${NUMBER.format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function dcoins(units: number, dcoinRate: number): string {
  return `${DCOINS.format(units / dcoinRate)} DCoin`;
}

/** `13 units (2.6 DCoin)`. */
export function money(units: number, dcoinRate: number): string {
  return `${counted(units, 'unit')} (${dcoins(units, dcoinRate)})`;
}

export function milliseconds(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 10_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${NUMBER.format(ms / 60_000)} min`;
}

/** Of the reader's day. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function dayAndTime(iso: string): string {
  return iso.replace('T', ' ').replace(/(:\d\d)(\.\d+)?Z$/, '$1');
}

/** Of long texts made by others: the beginning. */
export function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}\u2026`;
}

export const signed = (value: number): string => (value > 0 ? `+${NUMBER.format(value)}` : NUMBER.format(value));

export function bytes(count: number): string {
  return count < 1e6 ? `${Math.round(count / 1000)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
