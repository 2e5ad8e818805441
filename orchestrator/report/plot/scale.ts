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

function share(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(1, Math.max(0, value));
}
