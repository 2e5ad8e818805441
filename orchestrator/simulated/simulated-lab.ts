/**
 * A lab in virtual time: the seats of a plan, their nodes and the fabric, and what a stage or a fault of a run can do to
 * them. What takes a while is a script (node/simulation/script.ts). It offers what lab.ts offers to a live run, and
 * knows no stage.
 */
import type { Canary } from '../../node/host/canary.ts';
import type { NodeConditions } from '../../node/host/conditions.ts';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { labPrefix } from '../../node/host/fabric-topics.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { readSensors } from '../../node/host/sensor-definitions.ts';
import { catalogueOf } from '../../node/host/service-definitions.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { OrderMode, OrderOutcome } from '../../node/protocol/step.ts';
import { NETWORKS, PairDraws } from '../../node/simulation/network.ts';
import { PACES, type Pace } from '../../node/simulation/pace.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { type Script, Signal } from '../../node/simulation/script.ts';
import type { Timeline } from '../../node/simulation/timeline.ts';
import { VirtualDisk } from '../../node/simulation/virtual-disk.ts';
import type { LinkDecision } from '../fabric/link-rules.ts';
import type { Parcel } from '../fabric/parcel.ts';
import { Failure } from '../failure.ts';
import { membersOf } from '../lab/lab-plan.ts';
import { DEFAULT_SIMULATION, type PlannedSeat, type ScenarioPlan } from '../scenario/scenario-plan.ts';
import { type CoreUnderTest, PRODUCT_CORE } from './core-under-test.ts';
import { ParcelOpener } from './opened-parcel.ts';
import { SimulatedFabric } from './simulated-fabric.ts';
import { type Recorder, SimulatedNode, type SimulatedNodeOptions } from './simulated-node.ts';

/** 2026-01-01T00:00:00Z: what the nodes' clocks show at the beginning of virtual time. */
export const EPOCH_MS = 1_767_225_600_000;

/** From its launch until a node is there: measured with a real one (Node, MQTT, SQLite). */
const START_MS = 277;
/** A broker is there at once where nothing was said of how long it is down. */
const CONNECT_LOOK_MS = 10;

export interface LabListeners {
  onSeat(seat: string, state: 'ready' | 'down', detail: string): void;
  onOrder(seat: string, orderId: string, outcome: OrderOutcome): void;
  onDecided(seat: string, requestId: string): void;
  onDeviated(seat: string): void;
}

export interface SimulatedLabOptions {
  readonly plan: ScenarioPlan;
  readonly timeline: Timeline;
  readonly listeners: LabListeners;
  /** Default: the product's. */
  readonly core?: CoreUnderTest | undefined;
  readonly recorder: (
    seat: PlannedSeat,
    wallet: (id: string) => { readonly units: number; readonly stateHash: string } | undefined,
  ) => Recorder;
  readonly onPublish: ((parcel: Parcel, recipients: number) => void) | null;
  readonly onDecision: ((decision: LinkDecision) => void) | null;
}

/** A probe: when it was sent, and who has heard it. */
export interface SentCanary {
  sentMs: number;
  readonly receivedMs: Map<string, number>;
  /** It came back to its sender. */
  readonly returned: Signal;
}

interface Seat {
  readonly plan: PlannedSeat;
  readonly node: SimulatedNode;
  /** Its process was launched, and is not there yet. */
  starting: boolean;
  /** What is being done to it; the next operation waits. */
  last: Signal | null;
}

export class SimulatedLab {
  readonly timeline: Timeline;
  readonly fabric: SimulatedFabric;
  readonly plan: ScenarioPlan;
  readonly #seats: ReadonlyMap<string, Seat>;
  readonly #listeners: LabListeners;
  readonly #canaries = new Map<string, SentCanary>();
  #canariesSent = 0;
  #conditionsSent = 0;

  /** Throws a Failure (`usage`) where the plan is none that can be simulated. */
  constructor(options: SimulatedLabOptions) {
    const { plan, timeline, listeners } = options;
    const { lab, seats, simulation = DEFAULT_SIMULATION } = plan;
    this.plan = plan;
    this.timeline = timeline;
    this.#listeners = listeners;
    const profiled = namedProfile({
      profile: lab.profile,
      parameters: lab.overrides,
      members: membersOf(lab.seats),
      catalogue: catalogueOf(lab.services),
      hash: nativeSha256Hex,
    });
    if (!profiled.ok) throw Failure.ofProblems('the plan cannot be simulated', profiled.problems);
    const core = options.core ?? PRODUCT_CORE;
    const profile = core.rules(profiled.profile);
    const prefix = labPrefix(lab.lab);
    const names = [...seats.map(({ seat }) => seat), ''];
    this.fabric = new SimulatedFabric({
      timeline,
      order: simulation.broker,
      network: NETWORKS[simulation.network],
      draws: new PairDraws(Prng.seeded(lab.seed, nativeSha256Hex).stream('network'), names),
      seats,
      prefix,
      wire: lab.parameters,
      qos: lab.qos,
      seed: lab.seed,
      onPublish: options.onPublish,
      onDecision: options.onDecision,
    });
    const opener = new ParcelOpener(profile, prefix);
    this.#seats = new Map(
      seats.map((planned) => {
        const { seat, node, board } = planned;
        const sensors = readSensors(planned.sensors, `seats.${seat}.sensors`);
        if (!sensors.ok) throw Failure.ofProblems('the plan cannot be simulated', sensors.problems);
        const pace: Pace = PACES[board === null || board === 'none' ? simulation.pace : board];
        const nodeOptions: SimulatedNodeOptions = {
          lab,
          seat,
          node,
          profile,
          begin: core.begin,
          pace,
          sensors: sensors.sensors,
          timeline,
          epochMs: EPOCH_MS,
          fabric: this.fabric,
          opener,
          disk: new VirtualDisk(),
          recorder: (wallet) => options.recorder(planned, wallet),
          listeners: {
            onOrder: (orderId, outcome) => listeners.onOrder(seat, orderId, outcome),
            onDecided: (requestId) => listeners.onDecided(seat, requestId),
            onDeviated: () => listeners.onDeviated(seat),
            onCanarySent: (id) => this.#canarySent(id),
            onCanaryHeard: (canary) => this.#canaryHeard(seat, canary),
          },
        };
        return [seat, { plan: planned, node: new SimulatedNode(nodeOptions), starting: false, last: null }];
      }),
    );
  }

  /** In the order of the plan. */
  get seats(): readonly string[] {
    return [...this.#seats.keys()];
  }

  node(seat: string): SimulatedNode {
    return this.#seat(seat).node;
  }

  nodeIdOf(seat: string): string {
    return this.#seat(seat).plan.node;
  }

  /** Its process is there, ready or not. */
  isUp(seat: string): boolean {
    const { node, starting } = this.#seat(seat);
    return node.up || starting;
  }

  upOf(seats: readonly string[]): readonly string[] {
    return seats.filter((seat) => this.isUp(seat));
  }

  // --- nodes ------------------------------------------------------------------------------------------------------

  /** No effect on one that runs. `conditions`: asked for when its process is there. */
  *start(seat: string, conditions: () => NodeConditions): Script {
    const place = this.#seat(seat);
    const done = yield* turnAt(place);
    if (!place.node.up) {
      place.starting = true;
      yield { ms: START_MS };
      place.starting = false;
      place.node.start(conditions());
      this.#listeners.onSeat(seat, 'ready', place.node.databaseWasEmpty ? 'empty database' : 'kept database');
    }
    done();
  }

  /** In good order, or `kill` without notice. No effect on one that is down. */
  *stop(seat: string, kill = false): Script {
    const place = this.#seat(seat);
    const done = yield* turnAt(place);
    const { node } = place;
    if (node.up) {
      if (kill) node.crash();
      else node.stop();
      this.#listeners.onSeat(seat, 'down', kill ? 'killed' : 'stopped');
    }
    done();
  }

  /** Removes the database of a node that is down; false: it runs, since another fault has started it meanwhile. */
  *erase(seat: string): Script<boolean> {
    const place = this.#seat(seat);
    const done = yield* turnAt(place);
    const { up } = place.node;
    if (!up) place.node.erase();
    done();
    return !up;
  }

  /** Brings conditions into force at those of `seats` that run. */
  tellConditions(seats: readonly string[], of: (seat: string) => NodeConditions): void {
    for (const seat of seats) this.#seat(seat).node.setConditions(`conditions-${++this.#conditionsSent}`, of(seat));
  }

  order(seat: string, orderId: string, service: string, mode: OrderMode): void {
    this.#seat(seat).node.order({ orderId, service, mode });
  }

  /** Of the seats that answer, each between two steps of its node. */
  *reports(): Script<ReadonlyMap<string, NodeReport>> {
    const reports = new Map<string, NodeReport>();
    for (const [seat, { node }] of this.#seats) {
      const between = new Signal();
      node.betweenSteps(() => {
        const report = node.report('final');
        if (report !== null) reports.set(seat, report);
        between.raise();
      });
      if (!between.raised) yield { ms: null, signals: [between] };
    }
    return reports;
  }

  // --- probes -----------------------------------------------------------------------------------------------------

  /** Has `seat`, which runs, send one. */
  canary(seat: string): SentCanary {
    const id = `canary-${++this.#canariesSent}-${seat}`;
    const canary: SentCanary = { sentMs: Number.NaN, receivedMs: new Map(), returned: new Signal() };
    this.#canaries.set(id, canary);
    this.#seat(seat).node.sendCanary(id);
    return canary;
  }

  #canarySent(id: string): void {
    const canary = this.#canaries.get(id);
    if (canary !== undefined) canary.sentMs = this.timeline.nowMs;
  }

  #canaryHeard(seat: string, { id, seat: sender }: Canary): void {
    const canary = this.#canaries.get(id);
    if (canary === undefined) return;
    if (!canary.receivedMs.has(seat)) canary.receivedMs.set(seat, this.timeline.nowMs);
    if (seat === sender) canary.returned.raise();
  }

  /** Returns those of `seats` that are not connected after so long. */
  *untilConnected(seats: readonly string[], timeoutMs: number): Script<readonly string[]> {
    const endMs = this.timeline.nowMs + timeoutMs;
    for (;;) {
      const away = seats.filter((seat) => !this.fabric.connected(seat));
      if (away.length === 0 || this.timeline.nowMs >= endMs) return away;
      yield { ms: CONNECT_LOOK_MS };
    }
  }

  #seat(seat: string): Seat {
    const place = this.#seats.get(seat);
    if (place === undefined) throw new Failure('usage', `seat: expected one of the plan's, got ${seat}`);
    return place;
  }
}

/** Operations on one seat follow one another: waits for the one before, returns what ends this one. */
function* turnAt(place: Seat): Script<() => void> {
  while (place.last !== null) yield { ms: null, signals: [place.last] };
  const turn = new Signal();
  place.last = turn;
  return () => {
    place.last = null;
    turn.raise();
  };
}
