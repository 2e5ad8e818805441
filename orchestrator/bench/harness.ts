/**
 * What it costs a lab to be watched: the same lab of eight node processes with all that a scenario's run has, no rule in
 * force, and without any of it, in turns.
 *
 * With: nodes keep their observations in a file and send them to the lab, which reads every line for its metrics and its
 * progress display; the fabric's journal goes to a file; link rules have been in force and are none now; conditions are
 * told at each start. Without: nodes record and send nothing, and nobody keeps a journal.
 *
 * The nodes' records cannot be the clock, one of the two labs has none. What is bought publishes on its buyer's device
 * topic, which it does once the decision is committed at the buyer; a process apart hears it (harness-watcher.ts). In
 * turn: from the order's leaving this process to that, every 23 ms at another node. The way of the order and of the
 * device's message is in it, in both labs. Chained: the orders wait at one node, which sends each request in the step
 * that commits the one before, so the time between two messages is that from a request to its commit, and nothing else;
 * the processors have no rest meanwhile, so whatever the record costs shows.
 *
 * Both labs stand all the time, one at a time is used. A ratio is that of a pair of turns, the figure their median.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../node/host/observations.ts';
import { checkFacts } from '../checks/check-facts.ts';
import { LiveMetrics } from '../checks/live-metrics.ts';
import { Terminal } from '../cli/terminal.ts';
import { IDLE_RULE } from '../fabric/link-rule.ts';
import { median } from '../history/distribution.ts';
import { openCredentials } from '../lab/credentials.ts';
import { newPlan } from '../lab/kept-lab.ts';
import { Lab, type LabOptions } from '../lab/lab.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import { liveFigures } from '../run/judged-run.ts';
import { MessageJournal } from '../run/message-journal.ts';
import { ObservationWatch } from '../run/observation-watch.ts';
import { ScenarioProgress } from '../run/scenario-progress.ts';
import { SeatConditions } from '../run/seat-conditions.ts';
import { ProcessRuntime } from '../runtimes/processes.ts';
import { planOf } from './checks.ts';
import type { Figure } from './codec.ts';
import type { FromWatcher, ToWatcher } from './harness-watcher.ts';

interface Sizes {
  readonly pairs: number;
  /** Purchases of a turn. */
  readonly inTurn: number;
  readonly chained: number;
}

const FULL: Sizes = { pairs: 5, inTurn: 120, chained: 200 };
const QUICK: Sizes = { pairs: 3, inTurn: 40, chained: 80 };

const MEMBERS = 8;
const SERVICE = 'tick';
const PRICE_UNITS = 5;
const RATIO_MAX = 1.2;
/** Not a divisor or multiple of the age of a batch of observations, so that batches fall anywhere. */
const PERIOD_MS = 23;
const LOOK_AGAIN_MS = 25;
/** For what a phase has left to be read. */
const REST_MS = 200;
const WAIT_MS_MAX = 60_000;

const WATCHER_PROGRAM = fileURLToPath(
  new URL(`./harness-watcher${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/** Of one turn; medians, milliseconds. */
interface Turn {
  readonly inTurnMs: number;
  readonly chainedMs: number;
  /** All processes of the lab together, a purchase. */
  readonly cpuMs: number;
}

/** Figures of watching; about a minute, `quick` 20 seconds. */
export async function benchHarness(quick = false): Promise<Figure[]> {
  const sizes = quick ? QUICK : FULL;
  const home = mkdtempSync(join(tmpdir(), 'wallance-bench-harness-'));
  const harness = new Harness(join(home, 'messages.ndjson'));
  const labs = {
    watched: new MeasuredLab(home, 'bench-watched', harness.options),
    bare: new MeasuredLab(home, 'bench-bare', { inherited: { WALLANCE_OBSERVATIONS: 'none' }, observe: false }),
  };
  try {
    const turns: Record<keyof typeof labs, Turn[]> = { watched: [], bare: [] };
    await labs.watched.start();
    await labs.bare.start();
    const fabric = labs.watched.lab.fabric.control!;
    await fabric.setLinks([{ ...IDLE_RULE, id: 'once' }]);
    await fabric.setLinks([]);
    // The first pair is not counted: code is still being compiled.
    for (let pair = 0; pair <= sizes.pairs; pair++) {
      const order = pair % 2 === 0 ? (['watched', 'bare'] as const) : (['bare', 'watched'] as const);
      for (const which of order) {
        // The display takes its time from whoever is measured: it is on while the lab is used that has one.
        if (which === 'watched') harness.showProgress();
        turns[which].push(await labs[which].turn(sizes, String((pair % MEMBERS) + 1)));
        harness.endProgress();
      }
    }
    labs.watched.expectRecords(true);
    labs.bare.expectRecords(false);
    harness.expectPurchases(labs.watched.ordered);
    return figures(turns.watched.slice(1), turns.bare.slice(1));
  } finally {
    harness.endProgress();
    await Promise.all([labs.watched.stop(), labs.bare.stop()]);
    harness.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function figures(watched: readonly Turn[], bare: readonly Turn[]): Figure[] {
  const of = (name: string, unit: string, value: (turn: Turn) => number, target?: string): Figure[] => {
    const ratio = median(watched.map((turn, pair) => value(turn) / value(bare[pair]!)));
    return [
      { name: `${name}, without the harness`, value: rounded(median(bare.map(value))), unit },
      { name: `${name}, with it`, value: rounded(median(watched.map(value))), unit },
      {
        name: `${name}, with to without`,
        value: rounded(ratio),
        unit: 'ratio',
        ...(target === undefined ? {} : { target }),
      },
    ];
  };
  const target = `<= ${RATIO_MAX}`;
  return [
    ...of('order to committed and served at the buyer, p50', 'ms', ({ inTurnMs }) => inTurnMs, target),
    ...of('request to commit at the buyer, chained, p50', 'ms', ({ chainedMs }) => chainedMs, target),
    ...of('CPU of all processes a purchase', 'ms', ({ cpuMs }) => cpuMs),
  ];
}

function planned(lab: string): LabOptions['plan'] {
  const program = { kind: 'mqtt', topic: `wallance/v1/${lab}/{requester}/device/tick`, payload: 'tick' };
  const services = [{ name: SERVICE, priceDcoins: 1, program }];
  return newPlan(lab, { nodes: MEMBERS, sensors: [], services });
}

class MeasuredLab {
  readonly lab: Lab;
  readonly #seats: readonly string[];
  readonly #directory: LabDirectory;
  readonly #credentials: ReturnType<typeof openCredentials>;
  readonly #watcher: ChildProcess;
  #ordered = 0;
  #funded = 0;

  constructor(home: string, name: string, options: Partial<LabOptions>) {
    this.#directory = new LabDirectory(home, name);
    this.#directory.create();
    const plan = planned(name);
    this.#seats = plan.seats.map(({ seat }) => seat);
    this.#credentials = openCredentials(this.#directory.credentials, this.#seats);
    this.lab = new Lab({
      plan,
      directory: this.#directory,
      credentials: this.#credentials,
      runtime: (more) => new ProcessRuntime(more),
      inherited: {},
      onEvent: (event) => {
        if (event.kind === 'died') throw new Error(`node ${event.node} died while it was measured: ${event.reason}`);
      },
      ...options,
    });
    this.#watcher = fork(WATCHER_PROGRAM, [], { env: {}, execArgv: [] });
  }

  get ordered(): number {
    return this.#ordered;
  }

  async start(): Promise<void> {
    await this.lab.start(new AbortController().signal);
    const { lab, seats } = this.lab.plan;
    const accounts = seats.map(({ seat, node }) => ({
      seat,
      node,
      password: this.#credentials.fabric.get(seat)!.password,
    }));
    const connected = this.#answer('ready');
    this.#tell({ kind: 'connect', url: this.lab.fabricUrl!, lab, seats: accounts });
    await connected;
  }

  async stop(): Promise<void> {
    if (this.#watcher.connected) this.#tell({ kind: 'end' });
    await this.lab.stop();
  }

  async turn({ inTurn, chained }: Sizes, buyer: string): Promise<Turn> {
    await this.#fund(this.#seats, Math.ceil(inTurn / MEMBERS) * PRICE_UNITS);
    await this.#fund([buyer], chained * PRICE_UNITS);
    await rest();
    const cpuBefore = await this.#cpuMs();
    const inTurnMs = await this.#inTurn(inTurn);
    await rest();
    const chainedMs = await this.#chained(buyer, chained);
    await rest();
    const cpuMs = ((await this.#cpuMs()) - cpuBefore) / (inTurn + chained);
    await this.#everywhere(({ decisions }) => decisions >= this.#ordered);
    return { inTurnMs: median(inTurnMs), chainedMs: median(chainedMs), cpuMs };
  }

  /** Throws unless the nodes kept their records, or none of them did. */
  expectRecords(kept: boolean): void {
    for (const seat of this.#seats) {
      const file = join(this.#directory.nodeFiles(seat).directory, 'observations.ndjson');
      if (existsSync(file) !== kept) throw new Error(`expected ${kept ? 'a' : 'no'} record of node ${seat} in ${file}`);
    }
  }

  /** By each node once, again and again, at fixed times. Milliseconds of each. */
  async #inTurn(count: number): Promise<readonly number[]> {
    const heard = this.#expect(count);
    const sent: number[] = [];
    const taken: Promise<void>[] = [];
    const begunMs = monotonicMs();
    for (let index = 0; index < count; index++) {
      const seat = this.#seats[index % MEMBERS]!;
      sent.push(monotonicMs());
      taken.push(this.#order(seat));
      await new Promise((done) => setTimeout(done, Math.max(0, begunMs + (index + 1) * PERIOD_MS - monotonicMs())));
    }
    await Promise.all(taken);
    // A node's purchases follow each other; those of two nodes may not.
    const unheard = new Map(this.#seats.map((seat) => [seat, [] as number[]]));
    for (const { node, t } of await heard) unheard.get(node)!.push(t);
    return sent.map((t, index) => unheard.get(this.#seats[index % MEMBERS]!)!.shift()! - t);
  }

  /** Milliseconds between two commits, of those after the last order was taken. */
  async #chained(seat: string, count: number): Promise<readonly number[]> {
    const heard = this.#expect(count);
    await Promise.all(Array.from({ length: count }, () => this.#order(seat)));
    const takenMs = monotonicMs();
    const times = (await heard).map(({ t }) => t).filter((t) => t > takenMs);
    return times.slice(1).map((t, index) => t - times[index]!);
  }

  /** Waits in the node's queue where the one before is not decided: a busy machine is no reason to fail. */
  async #order(seat: string): Promise<void> {
    this.#ordered++;
    const result = await this.lab.order(seat, SERVICE, 'wait');
    if (result.outcome !== 'requested' && result.outcome !== 'queued')
      throw new Error(`an order was not taken: ${JSON.stringify(result)}`);
  }

  async #fund(seats: readonly string[], units: number): Promise<void> {
    await Promise.all(seats.map((seat) => this.lab.sample(seat, { topic: 'x', value: 1, count: units })));
    this.#funded += units * seats.length;
    await this.#everywhere(({ sensorTransactions }) => sensorTransactions >= this.#funded);
  }

  async #everywhere(
    holds: (report: { readonly decisions: number; readonly sensorTransactions: number }) => boolean,
  ): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const reports = [...(await this.lab.reports(WAIT_MS_MAX)).values()];
      if (reports.length === MEMBERS && reports.every(holds)) return;
      if (performance.now() > deadlineMs) throw new Error(`not everywhere within ${WAIT_MS_MAX} ms`);
      await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    }
  }

  /** Of nodes, fabric and this process, so far. */
  async #cpuMs(): Promise<number> {
    const [reports, fabric] = await Promise.all([this.lab.reports(), this.lab.fabric.stats()]);
    const { user, system } = process.cpuUsage();
    const nodes = [...reports.values()].reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    return nodes + (fabric?.cpuMs ?? 0) + (user + system) / 1000;
  }

  // --- the watcher ------------------------------------------------------------------------------------------------------

  async #expect(count: number): Promise<Extract<FromWatcher, { kind: 'heard' }>['heard']> {
    const answer = this.#answer('heard');
    this.#tell({ kind: 'expect', count });
    return (await answer).heard;
  }

  #answer<K extends FromWatcher['kind']>(kind: K): Promise<Extract<FromWatcher, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`the watcher of services has not said ${kind} within ${WAIT_MS_MAX} ms`)),
        WAIT_MS_MAX,
      );
      this.#watcher.once('message', (message: FromWatcher) => {
        clearTimeout(late);
        if (message.kind === kind) resolve(message as Extract<FromWatcher, { kind: K }>);
        else reject(new Error(`the watcher of services said ${message.kind}, expected ${kind}`));
      });
    });
  }

  #tell(message: ToWatcher): void {
    this.#watcher.send(message);
  }
}

/** All that perform-run.ts puts round a lab. */
class Harness {
  readonly options: Partial<LabOptions>;
  readonly #metrics: LiveMetrics;
  readonly #journal: MessageJournal;
  readonly #newProgress: () => ScenarioProgress;
  #progress: ScenarioProgress | null = null;
  #journalled = false;

  constructor(journal: string) {
    const plan = planOf(MEMBERS);
    const watch = new ObservationWatch();
    const conditions = new SeatConditions(plan.seats);
    this.#metrics = new LiveMetrics(checkFacts(plan));
    this.#journal = new MessageJournal(journal);
    const nowhere = { write: () => true, isTTY: true, columns: 120, rows: 40 };
    const terminal = new Terminal({ stdout: nowhere, stderr: nowhere, colourAllowed: true });
    this.#newProgress = () => new ScenarioProgress(terminal, plan, liveFigures(this.#metrics));
    watch.follow((seat, observation) => {
      this.#metrics.take(seat, observation);
      this.#progress?.take(seat, observation);
    });
    this.options = {
      onObservation: (seat, observation) => watch.take(seat, observation),
      onJournal: (lines) => {
        this.#journalled = true;
        this.#journal.take(lines);
      },
      conditionsOf: (seat) => conditions.of(seat),
    };
  }

  showProgress(): void {
    this.#progress = this.#newProgress();
    this.#progress.event({ t: monotonicMs(), at: Date.now(), event: 'phase', phase: 'load' });
  }

  endProgress(): void {
    this.#progress?.end();
    this.#progress = null;
  }

  /** Throws unless it has seen `count` purchases decided everywhere, and the journal has something. */
  expectPurchases(count: number): void {
    const decided = this.#metrics.value('decided-everywhere');
    if (decided !== count) throw new Error(`expected ${count} purchases in the metrics, got ${decided}`);
    if (!this.#journalled) throw new Error('expected a journal of the fabric, got nothing');
  }

  close(): void {
    const gaps = this.#journal.close();
    if (gaps.length > 0) throw new Error(gaps.join('\n'));
  }
}

function rest(): Promise<void> {
  return new Promise((done) => setTimeout(done, REST_MS));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
