/** How each node is, at this moment: a fold over what nodes and the lab tell. */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import type { SeatState } from '../lab/lab-view.ts';
import type { LiveNode } from './api/frame-shape.ts';
import { KeyedState, type VersionCounter } from './keyed-state.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Omit<LiveNode, 'sent' | 'units'>> & { readonly sent: Record<string, number> };

/** Class of a message that a line says was sent; undefined for all other lines. */
export function sentClass(event: string): 'sensor' | 'request' | 'vote' | undefined {
  return event === 'sensor.tx' ? 'sensor' : event === 'req.tx' ? 'request' : event === 'vote.tx' ? 'vote' : undefined;
}

export class LiveNodes {
  readonly #nodes: KeyedState<Draft>;

  constructor(counter: VersionCounter, seats: readonly { readonly seat: string; readonly node: string }[]) {
    this.#nodes = new KeyedState(counter, seats.length);
    for (const { seat, node } of seats) {
      this.#nodes.set(seat, {
        seat,
        node,
        state: 'down',
        detail: null,
        paused: false,
        connected: null,
        behaviours: [],
        n: null,
        quorum: null,
        sent: { sensor: 0, request: 0, vote: 0 },
        decisions: 0,
        refusals: 0,
      });
    }
  }

  get version(): number {
    return this.#nodes.version;
  }

  take(seat: string, observation: Observation): void {
    const { event } = observation;
    const sent = sentClass(event);
    const node = this.#nodes.get(seat);
    if (node === undefined) return;
    if (sent !== undefined) {
      node.sent[sent] = (node.sent[sent] ?? 0) + 1;
    } else if (event === 'reject') {
      node.refusals++;
    } else if (event === 'decide') {
      node.decisions++;
      node.n = whole(numberOf(observation, 'nUsed')) ?? node.n;
      node.quorum = whole(numberOf(observation, 'qUsed')) ?? node.quorum;
    } else if (event === 'boot') {
      node.n = whole(numberOf(observation, 'n'));
      node.quorum = whole(numberOf(observation, 'q'));
    } else if (event === 'session' && textOf(observation, 'link') === 'fabric') {
      node.connected = observation.connected === true;
    } else if (event === 'conditions') {
      node.behaviours = kindsOf(observation.behaviours);
    } else {
      return;
    }
    this.#nodes.touch(seat);
  }

  report(seat: string, { n, quorum, fabricConnected, conditions }: NodeReport): void {
    this.#change(seat, { n, quorum, connected: fabricConnected, behaviours: kindsOf(conditions.behaviours) });
  }

  state(seat: string, state: SeatState, detail: string | null): void {
    // Nobody says of a node that has gone that it has no connection any more.
    this.#change(seat, { state, detail, ...(state === 'ready' || state === 'starting' ? {} : { connected: null }) });
  }

  paused(seat: string, paused: boolean): void {
    this.#change(seat, { paused });
  }

  /** Something that is shown with the node, and kept elsewhere, has changed. */
  touch(seat: string): void {
    this.#nodes.touch(seat);
  }

  /** `unitsOf`: what the node holds, as it sees it. */
  changedSince(version: number, unitsOf: (seat: string, node: string) => number | null): LiveNode[] {
    return this.#nodes
      .changedSince(version)
      .map((draft) => ({ ...draft, sent: { ...draft.sent }, units: unitsOf(draft.seat, draft.node) }));
  }

  get faulty(): ReadonlySet<string> {
    return new Set([...this.#nodes.values()].filter(({ behaviours }) => behaviours.length > 0).map(({ seat }) => seat));
  }

  isUp(seat: string): boolean {
    return this.#nodes.get(seat)?.state === 'ready';
  }

  #change(seat: string, change: Partial<Draft>): void {
    const node = this.#nodes.get(seat);
    if (node === undefined) return;
    const differs = (Object.keys(change) as (keyof Draft)[]).some(
      (name) => JSON.stringify(node[name]) !== JSON.stringify(change[name]),
    );
    if (!differs) return;
    Object.assign(node, change);
    this.#nodes.touch(seat);
  }
}

function whole(value: number): number | null {
  return Number.isInteger(value) ? value : null;
}

function kindsOf(behaviours: unknown): string[] {
  if (!Array.isArray(behaviours)) return [];
  return behaviours.map((behaviour: unknown) => String((behaviour as { readonly kind?: unknown } | null)?.kind));
}
