/** From values to places on a plot. Pure; a domain without extent maps to the middle, never to NaN. */

export interface Scale {
  readonly kind: 'linear' | 'log';
  readonly from: number;
  readonly to: number;
  /** Place of a value, inside the range; values outside the domain go to its ends. */
  at(value: number): number;
}

/** `range` may run downwards, as it does for y. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [from, to] = domain;
  const [start, end] = range;
  const at = (value: number): number => {
    if (!(to > from)) return (start + end) / 2;
    return start + share((value - from) / (to - from)) * (end - start);
  };
  return { kind: 'linear', from, to, at };
}

/** Base 10. Both ends of `domain` must be above 0; smaller values go to its beginning. */
export function logScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [from, to] = domain;
  const [start, end] = range;
  const at = (value: number): number => {
    if (!(to > from) || !(from > 0)) return (start + end) / 2;
    const place = value <= from ? 0 : Math.log(value / from) / Math.log(to / from);
    return start + share(place) * (end - start);
  };
  return { kind: 'log', from, to, at };
}

/** Ends of a logarithmic axis that holds all `values`: 1, 2 or 5 times a power of ten. [1, 10] for none above 0. */
export function logDomain(values: readonly number[]): [number, number] {
  let least = Infinity;
  let most = 0;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (!(least > 0 && least <= most) || !Number.isFinite(most)) return [1, 10];
  const steps = [1, 2, 5, 10];
  const down = 10 ** Math.floor(Math.log10(least));
  const up = 10 ** Math.floor(Math.log10(most));
  const from = [...steps].reverse().find((step) => step * down <= least * (1 + 1e-9)) ?? 1;
  const to = steps.find((step) => step * up >= most * (1 - 1e-9)) ?? 10;
  return from * down === to * up ? [down, up * 10] : [from * down, to * up];
}

function share(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(1, Math.max(0, value));
}
