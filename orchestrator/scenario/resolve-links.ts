/** From links as they are written to rules of the fabric: selectors as seats, both directions apart. Pure. */
import { IDLE_RULE, type Jitter, type LinkRule } from '../fabric/link-rule.ts';
import type { Path } from '../files/yaml-source.ts';
import type { Effects, WrittenFabric, WrittenLink } from './fabric-shape.ts';
import { durationText } from './quantities.ts';
import type { Report } from './scenario-file.ts';
import type { SeatSelector, Selector } from './seat-selector.ts';

const DUPLICATE_COPIES = 1;
const REORDER_HOLD_MS = 50;

export interface LinkResolution {
  readonly selector: SeatSelector;
  readonly report: Report;
}

/** Rules in force during the whole load. Ids are those of the file; `fabric` is the default, `fabric-1`.. are others. */
export function fabricRules(fabric: WrittenFabric, resolution: LinkResolution): readonly LinkRule[] {
  const rules: LinkRule[] = [];
  const path: Path = ['fabric'];
  if (fabric.link !== undefined) {
    requireEffect(fabric.link, [...path, 'link'], resolution.report);
    rules.push({ ...IDLE_RULE, ...effectsOf(fabric.link, [...path, 'link'], resolution.report), id: 'fabric' });
  }
  fabric.links?.forEach((link, index) => {
    const id = link.id ?? `fabric-${index + 1}`;
    rules.push(...linkRules(link, [...path, 'links', index], id, `links/${id}`, resolution));
  });
  return rules;
}

/** One link: a rule, or one for each direction. `name` is that of its draws. */
export function linkRules(
  link: WrittenLink,
  path: Path,
  id: string,
  name: string,
  { selector, report }: LinkResolution,
): readonly LinkRule[] {
  const { from, to, between } = link;
  requireEffect(link, path, report);
  const effects = effectsOf(link, path, report);
  if (between !== undefined) {
    if (from !== undefined || to !== undefined) report([...path, 'between'], 'no from or to beside between', 'both');
    const sides = between.map((side, index) =>
      selector.select(side, [...path, 'between', index], `${name}/between${index}`),
    );
    const [left, right] = sides;
    if (!left || !right) return [];
    return [
      { ...IDLE_RULE, ...effects, id: `${id}/1>2`, from: left, to: right },
      { ...IDLE_RULE, ...effects, id: `${id}/2>1`, from: right, to: left },
    ];
  }
  const ends = (side: Selector | undefined, key: 'from' | 'to'): readonly string[] | null | undefined => {
    if (side === undefined || (side.length === 1 && side[0] === 'all')) return null;
    return selector.select(side, [...path, key], `${name}/${key}`) ?? undefined;
  };
  const senders = ends(from, 'from');
  const receivers = ends(to, 'to');
  if (senders === undefined || receivers === undefined) return [];
  return [{ ...IDLE_RULE, ...effects, id, from: senders, to: receivers }];
}

/** Seats that rules touch; all of them where a rule has no ends. */
export function touchedSeats(rules: readonly LinkRule[], all: readonly string[]): readonly string[] {
  const touched = new Set(rules.flatMap(({ from, to }) => [...(from ?? all), ...(to ?? all)]));
  return all.filter((seat) => touched.has(seat));
}

/** `delay 1.4 ms + exponential 0.2 ms, drop 5 %`. */
export function effectsText(rule: LinkRule): string {
  const { drop, delay, duplicate, reorder, corrupt, ratePerSecond, flapping, classes } = rule;
  const percent = (share: number): string => `${Math.round(share * 10_000) / 100} %`;
  const parts = [
    drop > 0 ? `drop ${percent(drop)}` : null,
    delay === null
      ? null
      : `delay ${durationText(delay.ms)}${delay.jitter === null ? '' : ` + ${delay.jitter.kind} ${durationText(delay.jitter.ms)}`}`,
    duplicate === null ? null : `duplicate ${percent(duplicate.probability)}`,
    reorder === null ? null : `reorder ${percent(reorder.probability)}`,
    corrupt > 0 ? `corrupt ${percent(corrupt)}` : null,
    ratePerSecond === null ? null : `${ratePerSecond}/s`,
    flapping === null ? null : `${durationText(flapping.onMs)} on, ${durationText(flapping.offMs)} off`,
  ].filter((part) => part !== null);
  return parts.join(', ') + (classes === null ? '' : ` of ${classes.join(', ')}`);
}

function requireEffect({ drop, delay, duplicate, reorder, corrupt, rate }: Effects, path: Path, report: Report): void {
  const something = [drop, duplicate, reorder, corrupt].some((share) => typeof share === 'object' || (share ?? 0) > 0);
  if (something || delay !== undefined || rate !== undefined) return;
  report(path, 'one of drop, delay, duplicate, reorder, corrupt, rate', 'none');
}

function effectsOf(effects: Effects, path: Path, report: Report): Omit<LinkRule, 'id' | 'from' | 'to'> {
  const { classes, self, drop, duplicate, reorder, corrupt, rate, flapping } = effects;
  return {
    classes: classes === undefined ? null : [...new Set(classes)],
    self: self ?? false,
    drop: drop ?? 0,
    delay: delayOf(effects.delay, [...path, 'delay'], report),
    duplicate:
      duplicate === undefined
        ? null
        : typeof duplicate === 'number'
          ? { probability: duplicate, copies: DUPLICATE_COPIES }
          : { probability: duplicate.share, copies: duplicate.copies },
    reorder:
      reorder === undefined
        ? null
        : typeof reorder === 'number'
          ? { probability: reorder, holdMs: REORDER_HOLD_MS }
          : { probability: reorder.share, holdMs: reorder.hold },
    corrupt: corrupt ?? 0,
    ratePerSecond: rate ?? null,
    flapping: flapping === undefined ? null : { onMs: flapping.on, offMs: flapping.off },
  };
}

const JITTERS = ['uniform', 'exponential', 'pareto'] as const satisfies readonly Jitter['kind'][];

function delayOf(delay: Effects['delay'], path: Path, report: Report): LinkRule['delay'] {
  if (delay === undefined) return null;
  if (typeof delay === 'number') return { ms: delay, jitter: null };
  const named = JITTERS.filter((kind) => delay[kind] !== undefined);
  if (named.length > 1) report(path, `one of ${JITTERS.join(', ')}`, named.join(' and '));
  const [kind] = named;
  return { ms: delay.fixed, jitter: kind === undefined ? null : { kind, ms: delay[kind]! } };
}
