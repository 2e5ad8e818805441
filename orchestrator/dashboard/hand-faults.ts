/**
 * Faults that are started and healed by hand on a lab that runs, with the code of scenario runs: asked, applied,
 * verified, healed. Each lasts until it is healed, or for as long as it says. What they change at a node outlives a
 * restart of the node, and ends with the lab process.
 */
import { NORMAL_CONDITIONS, type NodeConditions } from '../../node/host/conditions.ts';
import { Failure } from '../failure.ts';
import type { Observation } from '../history/observation.ts';
import type { Lab } from '../lab/lab.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import { ActiveLinks } from '../run/active-links.ts';
import { FaultInjector, handlerOf } from '../run/fault-injector.ts';
import type { FaultHandler, FaultWorld } from '../run/fault-world.ts';
import { ObservationWatch } from '../run/observation-watch.ts';
import type { FaultState } from '../run/run-record.ts';
import { SeatConditions } from '../run/seat-conditions.ts';
import { CAPABILITIES_OF } from '../runtimes/runtime.ts';
import { faultCapabilities } from '../scenario/required-capabilities.ts';
import type { PlannedFault } from '../scenario/scenario-plan.ts';
import type { FaultAnswer } from './api/fault-answer-shape.ts';
import { LIMITS } from './limits.ts';
import { HAND_FAULT_KINDS } from './read-fault.ts';

interface HandFault {
  readonly planned: PlannedFault;
  readonly handler: FaultHandler;
  readonly injector: FaultInjector;
  answer: FaultAnswer;
}

/** Whoever has gone stays away when the lab ends: its start would only be followed by its end. */
const ENDS_WITH_THE_LAB: readonly string[] = ['crash', 'leave'];

export class HandFaults {
  readonly #plan: LabPlan;
  readonly #onChange: (fault: FaultAnswer) => void;
  readonly #conditions: SeatConditions;
  readonly #watch = new ObservationWatch();
  readonly #faults = new Map<string, HandFault>();
  #world: FaultWorld | null = null;

  constructor(plan: LabPlan, onChange: (fault: FaultAnswer) => void) {
    this.#plan = plan;
    this.#onChange = onChange;
    this.#conditions = new SeatConditions(
      plan.seats.map(({ seat, conditions }) => ({ seat, conditions: conditions ?? NORMAL_CONDITIONS })),
    );
    this.#conditions.stage = 'load';
  }

  /** From now on faults can be started on it. */
  serve(lab: Lab): void {
    this.#world = {
      lab,
      plan: { seats: this.#plan.seats },
      conditions: this.#conditions,
      links: new ActiveLinks(() => lab.fabric.control),
      watch: this.#watch,
    };
  }

  observe(seat: string, observation: Observation): void {
    this.#watch.take(seat, observation);
  }

  conditionsOf(seat: string): NodeConditions {
    return this.#conditions.of(seat);
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#faults.keys());
  }

  /** The last ones, oldest first. */
  all(): FaultAnswer[] {
    return [...this.#faults.values()].map(({ answer }) => answer);
  }

  find(id: string): FaultAnswer | null {
    return this.#faults.get(id)?.answer ?? null;
  }

  /** `written`: as it was asked for. Throws a Failure where what runs the lab cannot do it, or too many are active. */
  start(planned: PlannedFault, written: Readonly<Record<string, unknown>>): FaultAnswer {
    const world = this.#requireWorld();
    const { lab } = world;
    const missing = faultCapabilities(planned.fault).filter(
      (capability) => lab.runtime === null || !CAPABILITIES_OF[lab.runtime].has(capability),
    );
    if (missing.length > 0)
      throw new Failure(
        'refused',
        `${planned.fault.kind} needs ${missing.join(', ')}, which this lab (${lab.runtime}) has not`,
      );
    const active = [...this.#faults.values()].filter(({ answer }) => answer.active).length;
    if (active >= LIMITS.faultsActive)
      throw new Failure('refused', `${active} faults are active, which is as many as there can be; heal some first`);
    const handler = handlerOf(world, planned);
    const injector = new FaultInjector({
      world,
      log: {
        write: (event) => {
          if (event.event === 'fault') this.#took(planned.id, event.state, event.detail);
        },
      },
      value: () => 0,
    });
    const { id, title, durationMs, fault } = planned;
    const links = fault.kind === 'link' ? fault.rules : [];
    this.#keep({
      planned,
      handler,
      injector,
      answer: {
        id,
        kind: HAND_FAULT_KINDS.find((kind) => Object.hasOwn(written, kind)) ?? fault.kind,
        title,
        seats: 'seats' in fault ? [...fault.seats] : [],
        links: links.map(({ from, to, drop, delay, flapping }) => ({
          from,
          to,
          drop,
          delayMs: delay?.ms ?? 0,
          flapping: flapping !== null,
        })),
        written: { ...written },
        state: 'asked',
        active: true,
        detail: '',
        askedAt: Date.now(),
        appliedAt: null,
        verifiedAt: null,
        healedAt: null,
        durationMs,
      },
    });
    void injector.hold(planned, handler);
    return this.#faults.get(id)!.answer;
  }

  /** Resolves when it is healed, or could not be. No effect on one that is over; null for one that is not known. */
  async heal(id: string): Promise<FaultAnswer | null> {
    const fault = this.#faults.get(id);
    if (fault === undefined) return null;
    if (fault.answer.active) {
      if (fault.handler.heal === null)
        throw new Failure('refused', `${fault.answer.title} is over by itself: there is nothing to heal`);
      await fault.injector.heal();
    }
    return fault.answer;
  }

  /** Heals what would be in the way of the lab's end. */
  async settle(): Promise<void> {
    const active = [...this.#faults.values()].filter(
      ({ answer, planned }) => answer.active && !ENDS_WITH_THE_LAB.includes(planned.fault.kind),
    );
    await Promise.all(active.map(({ injector }) => injector.heal()));
  }

  #took(id: string, state: FaultState, detail: string): void {
    const fault = this.#faults.get(id);
    if (fault === undefined) return;
    const { answer, handler } = fault;
    const over = ['failed', 'skipped', 'healed'].includes(state);
    const seen = state === 'verified' || state === 'unverified';
    const at = Date.now();
    fault.answer = {
      ...answer,
      state,
      active: !over && !(seen && handler.heal === null),
      detail: [answer.detail, detail].filter((text) => text !== '').join('; '),
      appliedAt: state === 'applied' ? at : answer.appliedAt,
      verifiedAt: state === 'verified' ? at : answer.verifiedAt,
      healedAt: state === 'healed' ? at : answer.healedAt,
    };
    this.#onChange(fault.answer);
  }

  #keep(fault: HandFault): void {
    this.#faults.set(fault.planned.id, fault);
    if (this.#faults.size > LIMITS.faultsKept) {
      const over = [...this.#faults.values()].find(({ answer }) => !answer.active);
      if (over !== undefined) this.#faults.delete(over.planned.id);
    }
    this.#onChange(fault.answer);
  }

  #requireWorld(): FaultWorld {
    if (this.#world === null) throw new Failure('environment', 'the lab is not ready yet');
    return this.#world;
  }
}
