/**
 * A run as it goes, for people: a block that is redrawn where there is a terminal, a line for each purchase otherwise.
 * Made of what the nodes tell live; the summary afterwards is made of their own records.
 */
import type { Terminal } from '../cli/terminal.ts';
import { textTable } from '../cli/text-table.ts';
import { distributionOf } from '../history/distribution.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import type { Purchase } from '../lab/purchase-watch.ts';
import type { RunPlan } from './run-plan.ts';

interface NodeFigures {
  units: number;
  bought: number;
  votes: number;
}

const REDRAW_MS = 150;
const PURCHASES_SHOWN = 6;
const COLUMNS_MAX = 24;

export class RunProgress {
  readonly #terminal: Terminal;
  readonly #plan: RunPlan;
  readonly #nodes: Map<string, NodeFigures>;
  readonly #finished: string[] = [];
  readonly #reported = new Set<string>();
  readonly #requesterMs: number[] = [];
  readonly #allMs: number[] = [];
  readonly #begunMs: number;
  #timer: NodeJS.Timeout | null = null;
  #stage = 'load';
  #requested = 0;
  #sensors = 0;

  constructor(terminal: Terminal, plan: RunPlan) {
    this.#terminal = terminal;
    this.#plan = plan;
    this.#nodes = new Map(plan.lab.seats.map(({ node }) => [node, { units: 0, bought: 0, votes: 0 }]));
    this.#begunMs = performance.now();
    if (terminal.interactive) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  stage(name: string): void {
    this.#stage = name;
  }

  /** Every observation that reaches the lab. */
  take(observation: Observation): void {
    const figures = this.#nodes.get(observation.node);
    if (figures === undefined) return;
    switch (observation.event) {
      case 'wallet':
        if (textOf(observation, 'id') === observation.node) figures.units = numberOf(observation, 'cU');
        break;
      case 'vote.tx':
        figures.votes++;
        break;
      case 'req.tx':
        this.#requested++;
        break;
      case 'decide':
        if (textOf(observation, 'R') === observation.node) figures.bought++;
        break;
      case 'sensor.tx':
        this.#sensors++;
        break;
    }
  }

  /** A purchase changed. Reported once it is decided everywhere and served. */
  purchase(purchase: Purchase): void {
    const members = this.#plan.lab.seats.length;
    const { requestId, requester, service, sentAtMs, decidedAtMs, served } = purchase;
    const atRequester = decidedAtMs.get(requester);
    if (sentAtMs === null || atRequester === undefined || decidedAtMs.size < members || served === null) return;
    if (this.#reported.has(requestId)) return;
    this.#reported.add(requestId);
    const requesterMs = atRequester - sentAtMs;
    const allMs = Math.max(...decidedAtMs.values()) - sentAtMs;
    this.#requesterMs.push(requesterMs);
    this.#allMs.push(allMs);
    const at = ((performance.now() - this.#begunMs) / 1000).toFixed(1).padStart(5);
    const line = `${at} s  node ${requester.padEnd(2)} bought ${service.padEnd(9)} decided in ${requesterMs.toFixed(1).padStart(5)} ms, on all ${members} nodes after ${allMs.toFixed(1).padStart(5)} ms; ${this.#servedText(purchase)}`;
    this.#finished.push(line);
    if (!this.#terminal.interactive) this.#terminal.line(line);
  }

  /** What the service printed at its buyer, where it prints something, else how it went. */
  #servedText({ service, requester, served }: Purchase): string {
    if (served?.phase !== 'ended') return `${served?.phase ?? 'not served'}: ${served?.detail ?? ''}`;
    const program = this.#plan.lab.services.find(({ name }) => name === service)?.program;
    const text = program?.text?.replaceAll('{requester}', requester) ?? '';
    return text === '' || text.includes('{') ? 'served' : `served: ${text}`;
  }

  /** Ends the block, leaving its last state on the screen. */
  end(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#draw();
    this.#terminal.keepLive();
  }

  #draw(): void {
    const { loadMs, purchases, lab } = this.#plan;
    const elapsed = (performance.now() - this.#begunMs) / 1000;
    const shown = [...this.#nodes].slice(0, COLUMNS_MAX);
    const rate = lab.parameters.dcoinRate;
    const row = (name: string, value: (figures: NodeFigures) => string): string[] => [
      name,
      ...shown.map(([, figures]) => value(figures)),
    ];
    const columns = [{ title: 'node' }, ...shown.map(([node]) => ({ title: node, align: 'right' as const }))];
    const latency = (name: string, values: readonly number[]): string => {
      const figures = distributionOf(values);
      return figures === null
        ? `${name} -`
        : `${name} p50 ${figures.p50.toFixed(1)}  p95 ${figures.p95.toFixed(1)}  max ${figures.max.toFixed(1)} ms`;
    };
    this.#terminal.live([
      `${this.#terminal.style('bold', `${this.#stage.padEnd(6)}`)} ${elapsed.toFixed(1)} s of ${(loadMs / 1000).toFixed(0)} s   ` +
        `${this.#sensors} sensor transactions   ${this.#requested} of ${purchases.length} purchases requested   ${this.#finished.length} decided on all nodes`,
      '',
      ...textTable(columns, [
        row('DCoin', ({ units }) => (units / rate).toFixed(1)),
        row('bought', ({ bought }) => String(bought)),
        row('votes', ({ votes }) => String(votes)),
      ]),
      '',
      `request to decision: ${latency('at the requester', this.#requesterMs)}   ${latency('on all', this.#allMs)}`,
      '',
      ...this.#finished.slice(-PURCHASES_SHOWN),
    ]);
  }
}
