/**
 * A scenario's run as it goes, for people: a block that is redrawn where there is a terminal; otherwise plain lines of
 * what happens, phases, faults, violations and purchases. Made of what nodes and the run driver tell live; verdicts are
 * made afterwards, from the nodes' own records.
 */
import { monotonicMs } from '../../node/host/observations.ts';
import { INVARIANTS, type InvariantId } from '../checks/invariant-id.ts';
import type { Terminal } from '../cli/terminal.ts';
import { distributionOf } from '../history/distribution.ts';
import type { Observation } from '../history/observation.ts';
import { onOneLine } from '../report/markup.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { type LiveFigures, plannedMs, progressLines, seconds } from './progress-lines.ts';
import { type DecidedPurchase, ProgressState } from './progress-state.ts';
import type { RunEvent } from './run-record.ts';

const REDRAW_MS = 150;
/** Without a terminal: purchases of one second that get a line each; more of them get one together. */
const SINGLE_LINES_MAX = 5;
/** Invariants are asked for again after so long, not with every observation. */
const LOOK_MS = 100;

export class ScenarioProgress {
  readonly #terminal: Terminal;
  readonly #plan: ScenarioPlan;
  readonly #figures: LiveFigures;
  readonly #nowT: () => number;
  readonly #state: ProgressState;
  readonly #told = new Set<InvariantId>();
  #timer: NodeJS.Timeout | null;
  #lookedT = -Infinity;
  #stopping = false;
  /** Purchases of the running second that have no line yet. */
  #second: { readonly beganT: number; lines: number; readonly waiting: DecidedPurchase[] } | null = null;

  /** `nowT`: the clock of `t`. Redraws by itself until `end`. */
  constructor(terminal: Terminal, plan: ScenarioPlan, figures: LiveFigures, nowT: () => number = monotonicMs) {
    this.#terminal = terminal;
    this.#plan = plan;
    this.#figures = figures;
    this.#nowT = nowT;
    this.#state = new ProgressState(plan);
    this.#timer = terminal.interactive ? setInterval(() => this.draw(), REDRAW_MS) : null;
    this.#timer?.unref();
  }

  /** Every observation that reaches the lab. */
  take(seat: string, observation: Observation): void {
    const decided = this.#state.take(seat, observation);
    if (this.#terminal.interactive) return;
    this.#tellViolation();
    if (decided !== null) this.#tellPurchase(decided);
    else this.#closeSecond(observation.t);
  }

  event(event: RunEvent): void {
    this.#state.event(event);
    if (this.#terminal.interactive) return;
    this.#closeSecond(event.t);
    this.#tell(event);
    this.#tellViolation(true);
  }

  /** Puts the block on the screen as it stands; nothing without a terminal. */
  draw(): void {
    if (!this.#terminal.interactive) return;
    const { columns, rows } = this.#terminal;
    const lines = progressLines({
      plan: this.#plan,
      state: this.#state,
      figures: this.#figures,
      nowT: this.#nowT(),
      columns: columns - 1,
      rows: rows - 1,
      style: (style, text) => this.#terminal.style(style, text),
    });
    this.#terminal.live(lines);
  }

  /** Ends the block, leaving its last state on the screen. Idempotent. */
  end(): void {
    this.#closeSecond(Infinity);
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.draw();
    this.#terminal.keepLive();
  }

  #tell(event: RunEvent): void {
    switch (event.event) {
      case 'phase': {
        if (event.phase === 'stop') this.#stopping = true;
        const planned = plannedMs(this.#plan, event.phase);
        this.#line(event.t, `phase ${event.phase}${planned === null ? '' : `, planned ${seconds(planned)}`}`);
        break;
      }
      case 'fault': {
        const { id, title, state, detail } = event;
        this.#line(event.t, `fault ${id} ${state}: ${title}${detail === '' ? '' : ` (${detail})`}`);
        break;
      }
      case 'seat':
        // All of them end with the lab.
        if (event.state === 'crashed' || (event.state === 'down' && !this.#stopping))
          this.#line(event.t, `seat ${event.seat} ${event.state}${event.detail === '' ? '' : `: ${event.detail}`}`);
        break;
      case 'order':
        if (event.state === 'refused' || event.state === 'lost' || event.state === 'given-up')
          this.#line(event.t, `order ${event.orderId} of seat ${event.seat} ${event.state}: ${event.detail}`);
        break;
    }
  }

  #tellViolation(now = false): void {
    const nowT = this.#nowT();
    if (!now && nowT - this.#lookedT < LOOK_MS) return;
    this.#lookedT = nowT;
    const worst = this.#figures.worst();
    if (worst === null || this.#told.has(worst.invariant)) return;
    this.#told.add(worst.invariant);
    this.#line(nowT, `VIOLATED ${worst.invariant} (${INVARIANTS[worst.invariant]}): ${worst.text}`);
  }

  #tellPurchase(decided: DecidedPurchase): void {
    this.#closeSecond(decided.t);
    this.#second ??= { beganT: decided.t, lines: 0, waiting: [] };
    if (this.#second.lines >= SINGLE_LINES_MAX) {
      this.#second.waiting.push(decided);
      return;
    }
    this.#second.lines++;
    const { node, service, latencyMs, t } = decided;
    this.#line(t, `node ${node} bought ${service}, decided in ${latencyMs.toFixed(1)} ms`);
  }

  /** Tells of the purchases that got no line, once their second is over. */
  #closeSecond(t: number): void {
    const second = this.#second;
    if (second === null || t - second.beganT < 1000) return;
    this.#second = null;
    const figures = distributionOf(second.waiting.map(({ latencyMs }) => latencyMs));
    if (figures === null) return;
    const { requested, decided } = this.#state;
    this.#line(
      second.waiting.at(-1)!.t,
      `${figures.count} more purchases decided, p50 ${figures.p50.toFixed(1)} ms, max ${figures.max.toFixed(1)} ms; ${decided} of ${requested} requests so far`,
    );
  }

  #line(t: number, text: string): void {
    const { loadT } = this.#state;
    const at = loadT === null ? '' : `${((t - loadT) / 1000).toFixed(1)} s`;
    this.#terminal.line(`${at.padStart(8)}  ${onOneLine(text)}`);
  }
}
