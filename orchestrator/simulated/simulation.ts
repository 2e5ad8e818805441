/**
 * A scenario in virtual time, with the stages of a live run (run/load-stages.ts) in their order: start, fund, load with
 * its timeline, heal, settle, final reads. The same plan gives the same events and the same lines, byte for byte, in
 * any process: nothing here reads a clock, and everything drawn follows from the plan's seed.
 *
 * It runs in slices (`advance`), so that a process can hear an interrupt in between.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { labPrefix } from '../../node/host/fabric-topics.ts';
import { Observations } from '../../node/host/observations.ts';
import { allOf, perform, type Script, Signal } from '../../node/simulation/script.ts';
import { Timeline } from '../../node/simulation/timeline.ts';
import { checkFacts } from '../checks/check-facts.ts';
import { LiveMetrics } from '../checks/live-metrics.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import { FabricJournal, JOURNAL_BOUNDS } from '../fabric/fabric-journal.ts';
import { MessageClassifier } from '../fabric/message-class.ts';
import { Failure } from '../failure.ts';
import { type Observation, parseObservation } from '../history/observation.ts';
import type { NewRunEvent } from '../run/run-log.ts';
import type { Phase, RunEvent } from '../run/run-record.ts';
import { SeatConditions, type Stage } from '../run/seat-conditions.ts';
import { quietMsOf } from '../run/settle.ts';
import { standingBehaviours, standingLinks } from '../run/standing-faults.ts';
import type { PlannedSeat, ScenarioPlan } from '../scenario/scenario-plan.ts';
import type { CoreUnderTest } from './core-under-test.ts';
import { FaultTimeline } from './fault-timeline.ts';
import { ObservedValues } from './observed-values.ts';
import { type FaultWorld, firstAct, linkFault } from './simulated-faults.ts';
import { EPOCH_MS, SimulatedLab } from './simulated-lab.ts';
import type { Recorder } from './simulated-node.ts';
import { SimulatedWorkload } from './simulated-workload.ts';

export interface SimulationOptions {
  /** The record of the nodes as they write it, whole lines, in order of time. */
  readonly onLines?: (seat: string, text: string) => void;
  /** The same as values. Without `onLines` no text is made of them, which is several times faster; `prev` is empty then. */
  readonly onObservation?: (seat: string, observation: Observation) => void;
  readonly onEvent?: (event: RunEvent) => void;
  /** The fabric's journal, whole lines. */
  readonly onJournal?: (lines: string) => void;
  /** Default: the product's. */
  readonly core?: CoreUnderTest;
  /** A run that takes more of them than this does not end; it throws. */
  readonly eventsMax?: number;
}

export interface SimulationEnd {
  readonly events: readonly RunEvent[];
  readonly finals: ReadonlyMap<string, NodeReport>;
  readonly fabric: BrokerStats;
  /** Why the run did not go as planned, a line each. */
  readonly reasons: readonly string[];
  /** Virtual milliseconds. */
  readonly tookMs: number;
  /** Things that happened in that time. */
  readonly happenings: number;
}

const EVENTS_MAX = 1_000_000_000;
const FUND_TOPIC = 'fund';
const FUND_MS_MAX = 60_000;
const FUND_LOOK_MS = 25;
const SETTLE_LOOK_MS = 50;
const SETTLE_STEP_MS_MIN = 0.001;

export class Simulation {
  readonly #plan: ScenarioPlan;
  readonly #options: SimulationOptions;
  readonly #timeline = new Timeline();
  readonly #events: RunEvent[] = [];
  readonly #reasons: string[] = [];
  readonly #lab: SimulatedLab;
  readonly #conditions: SeatConditions;
  readonly #world: FaultWorld;
  readonly #faults: FaultTimeline;
  readonly #workload: SimulatedWorkload;
  readonly #metrics: LiveMetrics | null;
  readonly #journal: FabricJournal | null;
  /** Of the load. */
  readonly #ending = new Signal();
  /** Of everything that is waited for after it. */
  readonly #hurry = new Signal();
  readonly #over: Signal;
  #trouble: Failure | null = null;
  #end: SimulationEnd | null = null;
  /** Lines as values are wanted by somebody. */
  readonly #observed: boolean;

  /** Throws a Failure (`usage`) where the plan is none that can be simulated. */
  constructor(plan: ScenarioPlan, options: SimulationOptions = {}) {
    this.#plan = plan;
    this.#options = options;
    const { timeline: faults, seats, lab } = plan;
    const time = this.#timeline;
    const waits = faults.some(({ trigger }) => 'when' in trigger);
    this.#metrics = waits ? new LiveMetrics(checkFacts(plan)) : null;
    this.#observed = waits || options.onObservation !== undefined;
    const { onJournal } = options;
    const classifier = new MessageClassifier(labPrefix(lab.lab), lab.parameters);
    this.#journal =
      onJournal === undefined ? null : new FabricJournal(JOURNAL_BOUNDS, classifier, () => time.nowMs, onJournal);
    this.#conditions = new SeatConditions(seats);
    this.#lab = new SimulatedLab({
      plan,
      timeline: time,
      core: options.core,
      listeners: {
        onSeat: (seat, state, detail) => this.#log({ event: 'seat', seat, state, detail }),
        onOrder: (_seat, orderId, outcome) => this.#workload.answered(orderId, outcome),
        onDecided: (seat, requestId) => this.#workload.decided(seat, requestId),
        onDeviated: (seat) => {
          for (const notify of [...(this.#world.deviations.get(seat) ?? [])]) notify();
        },
      },
      recorder: (seat, wallet) => this.#recorder(seat, wallet),
      onPublish: this.#journal?.published ?? null,
      onDecision: this.#journal?.decided ?? null,
    });
    this.#world = { lab: this.#lab, conditions: this.#conditions, links: new Map(), deviations: new Map() };
    const log = (event: NewRunEvent): void => this.#log(event);
    this.#faults = new FaultTimeline({ world: this.#world, log, value: (metric) => this.#metrics!.value(metric) });
    this.#workload = new SimulatedWorkload({ lab: this.#lab, workload: plan.workload, log, ending: this.#ending });
    this.#over = perform(time, this.#stages());
  }

  /** Virtual milliseconds since the beginning. */
  get nowMs(): number {
    return this.#timeline.nowMs;
  }

  /** Goes on for so many happenings at most; null: it is not over yet. Throws a Failure where it cannot be run. */
  advance(happeningsMax: number): SimulationEnd | null {
    const { eventsMax = EVENTS_MAX } = this.#options;
    const until = Math.min(this.#timeline.done + happeningsMax, eventsMax);
    this.#timeline.run(() => this.#over.raised || this.#timeline.done >= until, Number.POSITIVE_INFINITY, eventsMax);
    if (this.#trouble !== null) throw this.#trouble;
    if (this.#end !== null) return this.#end;
    if (this.#timeline.done >= eventsMax)
      throw new Error(`the simulation does not end: ${eventsMax} happenings in ${this.#timeline.nowMs} ms`);
    if (this.#timeline.planned === 0) throw new Error('the simulation waits for something that never comes');
    return null;
  }

  /** Ends the load before its time, and does not wait for rest after it. */
  hurry(): void {
    if (this.#hurry.raised) return;
    this.#ending.raise();
    this.#hurry.raise();
  }

  // --- stages -----------------------------------------------------------------------------------------------------

  *#stages(): Script {
    const plan = this.#plan;
    try {
      this.#phase('prepare');
      this.#phase('start');
      yield* this.#start();
      const late = this.#timeline.appoint(this.#timeline.nowMs + plan.timeoutMs, () => {
        this.#reasons.push(`timeout: expected the final reads within ${plan.timeoutMs / 1000} s after the start`);
        this.#ending.raise();
      });
      this.#phase('fund');
      yield* this.#fund();
      this.#phase('load');
      yield* this.#load();
      this.#ending.raise();
      this.#phase('heal');
      // Nodes come back with what holds while the lab settles.
      this.#conditions.stage = 'settling';
      yield* this.#faults.heal();
      this.#enter('settling');
      this.#phase('settle');
      yield* this.#settle();
      this.#timeline.cancel(late);
      this.#phase('read');
      const finals = yield* this.#lab.reports();
      const fabric = this.#lab.fabric.stats();
      for (const phase of ['stop', 'collect', 'judge'] as const) this.#phase(phase);
      this.#end = {
        events: this.#events,
        finals,
        fabric,
        reasons: this.#reasons,
        tookMs: this.#timeline.nowMs,
        happenings: this.#timeline.done,
      };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#trouble = error;
    } finally {
      this.#journal?.flush();
    }
  }

  *#start(): Script {
    const own = this.#plan.seats.filter(({ startsAtMs }) => startsAtMs === null);
    yield* allOf(
      own.map(({ seat }) =>
        perform(
          this.#timeline,
          this.#lab.start(seat, () => this.#conditions.of(seat)),
        ),
      ),
    );
  }

  /** The only way there is: sensor transactions of their own. */
  *#fund(): Script {
    const lab = this.#lab;
    const owed = new Map<string, number>();
    for (const [seat, count] of Object.entries(this.#plan.workload.fundUnits)) {
      if (count === 0 || !lab.isUp(seat)) continue;
      const node = lab.nodeIdOf(seat);
      owed.set(node, (owed.get(node) ?? 0) + count);
      lab.node(seat).samples(FUND_TOPIC, 0, count);
    }
    if (owed.size === 0) return;
    const endMs = this.#timeline.nowMs + FUND_MS_MAX;
    const debts = [...owed];
    for (;;) {
      const poor = lab
        .upOf(lab.seats)
        .filter((seat) => debts.some(([node, count]) => (lab.node(seat).unitsOf(node) ?? 0) < count));
      if (poor.length === 0 || this.#ending.raised) return;
      if (this.#timeline.nowMs > endMs)
        throw new Failure(
          'environment',
          `funds: expected every wallet to be funded within ${FUND_MS_MAX / 1000} s, seats ${poor.join(', ')} have not heard of all of it`,
        );
      yield { ms: FUND_LOOK_MS };
    }
  }

  *#load(): Script {
    const { loadMs, endsEarly, timeline } = this.#plan;
    this.#enter('load');
    yield* this.#holdStanding();
    this.#faults.start(timeline);
    this.#workload.start();
    const signals = [this.#ending];
    if (endsEarly) signals.push(perform(this.#timeline, this.#nothingLeft()));
    if (!signals.some(({ raised }) => raised)) yield { ms: loadMs, signals };
  }

  *#nothingLeft(): Script {
    yield* allOf([this.#workload.idle]);
    yield* this.#faults.over();
  }

  /** What is in force for the whole load is a fault like any other: asked, applied, seen to work, healed. */
  *#holdStanding(): Script {
    const links = standingLinks(this.#plan);
    if (links !== null) yield* this.#faults.hold(links, linkFault(this.#world, links.id, links.fault.rules));
    const nothing = (): Script => allOf([]);
    for (const planned of standingBehaviours(this.#plan)) {
      const handler = { apply: nothing, verify: firstAct(this.#world, planned.fault.seats), heal: nothing };
      yield* this.#faults.hold(planned, handler);
    }
  }

  #enter(stage: Stage): void {
    const conditions = this.#conditions;
    conditions.stage = stage;
    this.#lab.tellConditions(this.#lab.upOf(this.#lab.seats), (seat) => conditions.of(seat));
  }

  /**
   * At rest: nothing is under way in the fabric, and no ledger has changed for as long as a live run may take to come
   * to rest at all, since here that costs nothing.
   */
  *#settle(): Script {
    const { settleMsMax, lab: labPlan } = this.#plan;
    const lab = this.#lab;
    const restMs = Math.max(quietMsOf(labPlan.parameters), settleMsMax);
    const begunMs = this.#timeline.nowMs;
    for (;;) {
      const up = lab.upOf(lab.seats);
      const busy = up.filter((seat) => !lab.node(seat).idle);
      const still = busy.length === 0 && lab.fabric.quietFor(up);
      const changedMs = Math.max(begunMs, lab.fabric.movedMs, ...up.map((seat) => lab.node(seat).changedMs));
      const { nowMs } = this.#timeline;
      const dueMs = changedMs + restMs;
      if (still && nowMs >= dueMs) return this.#rest(true, '');
      if (this.#hurry.raised) return this.#rest(false, 'interrupted');
      if (nowMs - begunMs >= settleMsMax + restMs) {
        const held = lab.fabric.busyWith(up);
        const waitingFor = [
          ...(held.length > 0 ? [`messages that the fabric holds for ${held.join(', ')}`] : []),
          ...(busy.length > 0 ? [`seats ${busy.join(', ')}, which are at work`] : []),
        ];
        if (waitingFor.length === 0) waitingFor.push('ledgers that no longer change');
        this.#reasons.push(`not at rest after ${settleMsMax / 1000} s: waited for ${waitingFor.join('; ')}`);
        return this.#rest(false, waitingFor.join('; '));
      }
      // Never so little that the sum with the moment is the moment.
      yield { ms: still ? Math.max(SETTLE_STEP_MS_MIN, dueMs - nowMs) : SETTLE_LOOK_MS, signals: [this.#hurry] };
    }
  }

  // --- records ----------------------------------------------------------------------------------------------------

  #rest(quiet: boolean, detail: string): void {
    this.#log({ event: 'rest', quiet, detail });
  }

  #phase(phase: Phase): void {
    this.#log({ event: 'phase', phase });
  }

  #log(fields: NewRunEvent): void {
    const t = Math.round(this.#timeline.nowMs * 1000) / 1000;
    const event = { t, at: EPOCH_MS + Math.round(t), ...fields } as RunEvent;
    this.#events.push(event);
    this.#options.onEvent?.(event);
  }

  #recorder(
    { seat, node }: PlannedSeat,
    wallet: (id: string) => { readonly units: number; readonly stateHash: string } | undefined,
  ): Recorder {
    const { onLines } = this.#options;
    const monotonicMs = (): number => this.#timeline.nowMs;
    if (onLines === undefined) {
      const onObservation = (observation: Observation): void => this.#observe(seat, observation);
      return new ObservedValues({
        node,
        seat,
        wallet,
        monotonicMs,
        onObservation: this.#observed ? onObservation : null,
      });
    }
    return new Observations({
      node,
      seat,
      file: null,
      wallet,
      monotonicMs,
      onLines: (text) => {
        onLines(seat, text);
        if (!this.#observed) return;
        for (const line of text.split('\n')) {
          const observation = line === '' ? null : parseObservation(line);
          if (observation !== null) this.#observe(seat, observation);
        }
      },
    });
  }

  #observe(seat: string, observation: Observation): void {
    this.#metrics?.take(seat, observation);
    this.#options.onObservation?.(seat, observation);
  }
}

/** Runs `plan` to its end. Throws a Failure where it cannot be run. */
export function simulateRun(plan: ScenarioPlan, options: SimulationOptions = {}): SimulationEnd {
  const simulation = new Simulation(plan, options);
  for (;;) {
    const end = simulation.advance(Number.POSITIVE_INFINITY);
    if (end !== null) return end;
  }
}
