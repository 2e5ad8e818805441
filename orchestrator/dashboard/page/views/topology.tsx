/**
 * The nodes round the broker. A line to the broker is lit while its node sends, broader the more; it is drawn once a frame,
 * not once a message, and nothing moves by itself. The table below it says the same in words.
 */
import { useMemo } from 'preact/hooks';
import type { LiveNode } from '../../api/frame-shape.ts';
import type { Flow } from '../lab-store.ts';
import type { DamagedPair, LinkDamage } from '../link-damage.ts';
import { type NodeSign, signOf } from '../node-sign.ts';
import { type Layout, layOut } from '../topology-layout.ts';
import { cut } from '../wording.ts';

/** More lines than these say less than the sides do. */
const PAIRS_DRAWN = 120;

interface TopologyProps {
  readonly nodes: readonly LiveNode[];
  readonly flow: ReadonlyMap<string, Flow>;
  readonly damage: LinkDamage;
  readonly narrow: boolean;
  readonly selected: string | null;
  readonly onSelect: (seat: string) => void;
  readonly words: string;
  readonly centre: readonly string[];
}

export function Topology({ nodes, flow, damage, narrow, selected, onSelect, words, centre }: TopologyProps) {
  const layout = useMemo(() => layOut(nodes.length, narrow), [nodes.length, narrow]);
  const { width, height, radius, places } = layout;
  const middle = { x: width / 2, y: height / 2 };
  const sideOf = new Map(damage.sides.flatMap((side, index) => side.map((seat) => [seat, index] as const)));
  return (
    <svg class="topology" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words}>
      <g>
        {nodes.map((node, index) => {
          const place = places[index]!;
          return (
            <Spoke key={node.seat} x={place.x} y={place.y} middle={middle} node={node} flow={flow.get(node.seat)} />
          );
        })}
      </g>
      <Damage damage={damage} layout={layout} nodes={nodes} />
      <g class="broker">
        <rect x={middle.x - 66} y={middle.y - 42} width={132} height={84} rx={12} />
        {centre.map((line, index) => (
          <text key={line} x={middle.x} y={middle.y - 20 + index * 17} class={index === 0 ? 'title' : undefined}>
            {line}
          </text>
        ))}
      </g>
      <g>
        {nodes.map((node, index) => (
          <NodeMark
            key={node.seat}
            node={node}
            x={places[index]!.x}
            y={places[index]!.y}
            radius={radius}
            side={sideOf.get(node.seat)}
            selected={node.seat === selected}
            onSelect={onSelect}
          />
        ))}
      </g>
    </svg>
  );
}

interface SpokeProps {
  readonly x: number;
  readonly y: number;
  readonly middle: { readonly x: number; readonly y: number };
  readonly node: LiveNode;
  readonly flow: Flow | undefined;
}

function Spoke({ x, y, middle, node, flow }: SpokeProps) {
  const sent = flow === undefined ? 0 : flow.sensor + flow.request + flow.vote;
  const kind = flow === undefined ? '' : flow.request > 0 ? ' request' : flow.vote > 0 ? ' vote' : ' sensor';
  const strength = sent === 0 ? 0 : sent < 3 ? 1 : sent < 10 ? 2 : 3;
  const away = node.state !== 'ready' || node.connected === false ? ' away' : '';
  return useMemo(
    () => <line class={`spoke s${strength}${kind}${away}`} x1={x} y1={y} x2={middle.x} y2={middle.y} />,
    [x, y, middle.x, middle.y, strength, kind, away],
  );
}

function Damage({
  damage: { pairs },
  layout: { places, width, height },
  nodes,
}: {
  readonly damage: LinkDamage;
  readonly layout: Layout;
  readonly nodes: readonly LiveNode[];
}) {
  if (pairs.length === 0 || pairs.length > PAIRS_DRAWN) return null;
  const at = new Map(nodes.map(({ seat }, index) => [seat, places[index]!]));
  return (
    <g class="damage">
      {pairs.map((pair) => {
        const a = at.get(pair.from);
        const b = at.get(pair.to);
        if (a === undefined || b === undefined) return null;
        const bend = { x: (a.x + b.x + width) / 4, y: (a.y + b.y + height) / 4 };
        return (
          <path key={JSON.stringify(pair)} class={pair.kind} d={`M${a.x} ${a.y}Q${bend.x} ${bend.y} ${b.x} ${b.y}`}>
            <title>{pairWords(pair)}</title>
          </path>
        );
      })}
    </g>
  );
}

function pairWords({ from, to, kind, both }: DamagedPair): string {
  const what = { cut: 'cut', lossy: 'loses messages', late: 'is late' }[kind];
  return `${from} ${both ? '\u2194' : '\u2192'} ${to} ${what}`;
}

interface NodeMarkProps {
  readonly node: LiveNode;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly side: number | undefined;
  readonly selected: boolean;
  readonly onSelect: (seat: string) => void;
}

function NodeMark({ node, x, y, radius, side, selected, onSelect }: NodeMarkProps) {
  const sign = signOf(node);
  const { seat, n, quorum } = node;
  return useMemo(
    () => (
      // biome-ignore lint/a11y/noStaticElementInteractions: as above; the picture as a whole is an image.
      <g class={`mark ${sign.kind}${selected ? ' selected' : ''}`} onClick={() => onSelect(seat)} data-seat={seat}>
        <title>{`${seat}: ${sign.words}; n ${n ?? '?'}, quorum ${quorum ?? '?'}`}</title>
        <Outline kind={sign.kind} x={x} y={y} radius={radius} />
        <text x={x} y={y - 1} class="seat">
          {cut(seat, 5)}
        </text>
        <text x={x} y={y + radius * (sign.kind === 'byzantine' ? 0.38 : 0.5)} class="view">
          {sign.kind === 'up' || sign.kind === 'byzantine' ? `${n ?? '?'}/${quorum ?? '?'}` : sign.sign}
        </text>
        {side !== undefined && (
          <text x={x + radius * 0.9} y={y - radius * 0.7} class="side">
            {String.fromCharCode(65 + Math.min(side, 25))}
          </text>
        )}
      </g>
    ),
    [sign.kind, sign.words, sign.sign, seat, n, quorum, x, y, radius, side, selected, onSelect],
  );
}

function Outline({
  kind,
  x,
  y,
  radius,
}: {
  readonly kind: NodeSign['kind'];
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}) {
  if (kind !== 'byzantine') return <circle cx={x} cy={y} r={radius} />;
  const r = radius * 1.22;
  return <path d={`M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`} />;
}
