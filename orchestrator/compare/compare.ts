/**
 * Two results beside each other, figure by figure. A figure is worse or better only when it changed by more than the
 * gate and the intervals of both sides do not touch: a change that the spread of the measurement explains is none, and
 * one without an interval decides nothing. Pure.
 */
import type { Comparable, ComparableFigure } from './comparable.ts';

/** Hash rates of one machine vary by so much from one minute to the next; more than that is another calibration. */
const CALIBRATION_SHARE_MAX = 0.25;

export type ChangeOutcome =
  /** Beyond the gate, intervals disjoint. */
  | 'worse'
  | 'better'
  /** The same of a figure that is neither. */
  | 'changed'
  /** Beyond the gate, but the intervals touch or there are none. */
  | 'unclear'
  | 'same';

export interface ComparedSide {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Of the interval; null where there is none. */
  readonly coverage: number | null;
}

export interface ComparedFigure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: ComparableFigure['better'];
  readonly a: ComparedSide;
  readonly b: ComparedSide;
  /** From a to b as a share of a; null from 0 to something else. */
  readonly change: number | null;
  readonly outcome: ChangeOutcome;
}

export interface Difference {
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

export interface Comparison {
  readonly kind: 'wallance-comparison';
  readonly version: 1;
  readonly a: Pick<Comparable, 'kind' | 'title' | 'path' | 'verdict'>;
  readonly b: Pick<Comparable, 'kind' | 'title' | 'path' | 'verdict'>;
  /** Percent. */
  readonly gate: number;
  /** Circumstances in which they differ; not empty only where the comparison was forced. */
  readonly differences: readonly Difference[];
  readonly figures: readonly ComparedFigure[];
  /** Titles of figures that one side alone has. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
  /** A run that passed does not pass any more. */
  readonly verdictWorse: boolean;
  /** Something is worse. */
  readonly failed: boolean;
}

/** In what two results are not of the same thing; empty where they can be compared. */
export function differencesOf(a: Comparable, b: Comparable): readonly Difference[] {
  if (a.kind !== b.kind) return [{ name: 'kind', a: a.kind, b: b.kind }];
  const names = new Set([...Object.keys(a.circumstances), ...Object.keys(b.circumstances)]);
  const differences = [...names].flatMap((name): Difference[] => {
    const [left = 'not known', right = 'not known'] = [a.circumstances[name], b.circumstances[name]];
    return left === right ? [] : [{ name, a: left, b: right }];
  });
  const [left, right] = [a.hashesPerSecond, b.hashesPerSecond];
  if (left !== null && right !== null && Math.abs(left - right) > CALIBRATION_SHARE_MAX * Math.max(left, right))
    differences.push({ name: 'calibration', a: `${left} hashes/s`, b: `${right} hashes/s` });
  return differences;
}

/** `gate`: percent, above 0. What differs in the circumstances is the caller's to refuse. */
export function compare(a: Comparable, b: Comparable, gate: number): Comparison {
  const others = new Map(b.figures.map((figure) => [figure.id, figure]));
  const figures = a.figures.flatMap((figure) => {
    const other = others.get(figure.id);
    return other === undefined ? [] : [compareFigure(figure, other, gate / 100)];
  });
  const own = new Set(a.figures.map(({ id }) => id));
  const verdictWorse = a.verdict === 'pass' && b.verdict !== 'pass';
  const side = ({ kind, title, path, verdict }: Comparable): Comparison['a'] => ({ kind, title, path, verdict });
  return {
    kind: 'wallance-comparison',
    version: 1,
    a: side(a),
    b: side(b),
    gate,
    differences: differencesOf(a, b),
    figures,
    onlyA: a.figures.filter(({ id }) => !others.has(id)).map(({ title }) => title),
    onlyB: b.figures.filter(({ id }) => !own.has(id)).map(({ title }) => title),
    verdictWorse,
    failed: verdictWorse || figures.some(({ outcome }) => outcome === 'worse'),
  };
}

function compareFigure(a: ComparableFigure, b: ComparableFigure, gate: number): ComparedFigure {
  const change = a.value === b.value ? 0 : a.value === 0 ? null : (b.value - a.value) / Math.abs(a.value);
  return {
    id: a.id,
    title: a.title,
    unit: a.unit,
    better: a.better,
    a: sideOf(a),
    b: sideOf(b),
    change,
    outcome: outcomeOf(a, b, change === null || Math.abs(change) > gate),
  };
}

function outcomeOf(a: ComparableFigure, b: ComparableFigure, beyond: boolean): ChangeOutcome {
  if (!beyond) return 'same';
  const { interval: left } = a;
  const { interval: right } = b;
  if (left === null || right === null || (left.low <= right.high && right.low <= left.high)) return 'unclear';
  if (a.better === null) return 'changed';
  return b.value > a.value === (a.better === 'higher') ? 'better' : 'worse';
}

function sideOf({ value, interval }: ComparableFigure): ComparedSide {
  return {
    value,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    coverage: interval?.coverage ?? null,
  };
}
