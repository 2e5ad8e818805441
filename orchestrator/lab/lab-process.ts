/**
 * The life of a lab process: holds the lab's lock, starts the lab, takes commands on the socket, writes down what runs,
 * and stops everything when it is asked to, interrupted, or when the fabric is lost. What it does when it is killed is
 * nothing: broker and nodes see it go and end by themselves. Containers remain then, stopped, until the next start of
 * the lab or `wallance clean`.
 */
import { Failure, messageOf } from '../failure.ts';
import type { Observation } from '../history/observation.ts';
import type { Placement } from '../runtimes/placement.ts';
import type { Runtime, RuntimeOptions } from '../runtimes/runtime.ts';
import { Boards, type RequestedBoards } from './boards.ts';
import { CommandServer } from './command-socket.ts';
import type { LabCredentials } from './credentials.ts';
import { Lab, type LabOptions } from './lab.ts';
import { type DownResult, type LabSummary, labCommands } from './lab-commands.ts';
import type { LabCompanion } from './lab-companion.ts';
import type { LabDirectory, RunningRecord } from './lab-directory.ts';
import { type LabLock, takeLabLock } from './lab-lock.ts';
import { LabOperations } from './lab-operations.ts';
import type { LabPlan } from './lab-plan.ts';
import type { LabEvent } from './lab-view.ts';
import { OrderBook } from './order-book.ts';
import { identify, isAlive, signalProcess } from './process-identity.ts';

export interface LabProcessOptions {
  readonly directory: LabDirectory;
  /** The plan to run, given what is kept; called once the lock is held. May throw a Failure. */
  readonly plan: (kept: LabPlan | null) => LabPlan;
  readonly runtime: (options: RuntimeOptions) => Runtime;
  /** Where `runtime` puts nodes; kept with the plan. */
  /** Absent where nothing is placed: an attached lab. */
  readonly placement?: Placement;
  readonly inherited: Readonly<Record<string, string>>;
  /** See LabOptions. */
  readonly credentials?: LabCredentials;
  readonly control?: LabOptions['control'];
  /** How external nodes reach this lab. */
  readonly boards?: RequestedBoards;
  readonly signal: AbortSignal;
  readonly onEvent: (event: LabEvent) => void;
  readonly onObservation?: (seat: string, observation: Observation) => void;
  readonly onJournal?: LabOptions['onJournal'];
  readonly conditionsOf?: LabOptions['conditionsOf'];
  /** Made for the plan that is run; beside the listeners of these options, which it does not replace. */
  readonly companion?: (plan: LabPlan) => LabCompanion;
}

/** How long what an earlier, killed lab process left running may take to end by itself. */
const LEFTOVER_MS_MAX = 8000;
const LOOK_AGAIN_MS = 20;

export class LabProcess {
  readonly lab: Lab;
  readonly summary: LabSummary;
  readonly #shutDown: () => Promise<void>;
  readonly #ended: Promise<Failure | null>;

  private constructor(lab: Lab, summary: LabSummary, shutDown: () => Promise<void>, ended: Promise<Failure | null>) {
    this.lab = lab;
    this.summary = summary;
    this.#shutDown = shutDown;
    this.#ended = ended;
  }

  /** Resolves when the lab is ready; null when another process runs this lab. Cleans up when the start fails. */
  static async start(options: LabProcessOptions): Promise<LabProcess | null> {
    const { directory, onEvent, signal } = options;
    directory.create();
    const lock = takeLabLock(directory.lockFile);
    if (lock === null) return null;
    try {
      return await LabProcess.#startLocked(options, lock, directory, onEvent, signal);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static async #startLocked(
    options: LabProcessOptions,
    lock: LabLock,
    directory: LabDirectory,
    onEvent: (event: LabEvent) => void,
    signal: AbortSignal,
  ): Promise<LabProcess> {
    await endLeftovers(directory);
    const plan = options.plan(directory.readPlan());
    directory.writePlan(plan, options.placement);
    const startedAt = Date.now();
    const self = identify(process.pid)!;
    let continued = false;
    let end: (failure: Failure | null) => void = () => {};
    const ended = new Promise<Failure | null>((done) => {
      end = done;
    });
    const companion = options.companion?.(plan) ?? null;
    const conditionsOf = options.conditionsOf ?? companion?.conditionsOf;
    const lab = new Lab({
      plan,
      directory,
      runtime: options.runtime,
      inherited: options.inherited,
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      ...(options.control === undefined ? {} : { control: options.control }),
      beforeCatchUp: async () => boards?.close(),
      onEvent: (event) => {
        if (event.kind === 'ready' && !event.databaseEmpty) continued = true;
        onEvent(event);
        companion?.onEvent(event);
        if (event.kind === 'fabric-died')
          void shutDown(new Failure('environment', `the fabric ended: ${event.reason}`));
      },
      onObservation: (seat, observation) => {
        options.onObservation?.(seat, observation);
        companion?.onObservation(seat, observation);
      },
      ...(conditionsOf === undefined ? {} : { conditionsOf }),
      ...(options.onJournal === undefined ? {} : { onJournal: options.onJournal }),
      onProcesses: () => record(),
    });
    const record = (): void => {
      const nodes = Object.fromEntries(plan.seats.map(({ seat }) => [seat, lab.nodeProcess(seat)]));
      directory.writeRunning({ process: self, startedAt, socket: directory.socket, nodes } satisfies RunningRecord);
    };
    let boards: Boards | null = null;
    let server: CommandServer | null = null;
    let shutting: Promise<void> | null = null;
    const shutDown = (failure: Failure | null = null): Promise<void> => {
      shutting ??= (async () => {
        await companion?.settle();
        await lab.stop();
        await boards?.close();
        directory.removeRunning();
        // Whoever asked for this still gets the answer.
        setImmediate(async () => {
          await Promise.all([server?.close(), companion?.close()]);
          lock.release();
          end(failure);
        });
      })();
      return shutting;
    };
    const onAbort = (): void => void shutDown(new Failure('interrupted', 'interrupted'));
    const down = async (): Promise<DownResult> => {
      const missed = Object.fromEntries(await lab.missedByStopped());
      await shutDown();
      return { missed };
    };
    let onReady: (operations: LabOperations) => void = () => {};
    let onFailed: (error: unknown) => void = () => {};
    const operations = new Promise<LabOperations>((done, fail) => {
      onReady = done;
      onFailed = fail;
    });
    operations.catch(() => {});
    let ready: LabSummary;
    try {
      record();
      server = await CommandServer.listen(directory.socket, labCommands(operations, down));
      signal.addEventListener('abort', onAbort);
      await lab.start(signal);
      if (plan.attached !== true && plan.seats.some(({ external }) => external)) {
        const { fabricUrl, controlUrl } = lab;
        boards = await Boards.open(plan, directory, options.boards ?? {}, { fabricUrl: fabricUrl!, controlUrl });
      }
      ready = {
        plan,
        fabricUrl: lab.fabricUrl,
        controlUrl: lab.controlUrl,
        dashboardUrl: (await companion?.listen(directory)) ?? null,
        startedAt,
        continued,
        external: boards?.seats ?? [],
      };
      const served = new LabOperations(lab, ready, new OrderBook(lab), down);
      companion?.serve(served);
      onReady(served);
    } catch (error) {
      onFailed(error instanceof Failure ? error : new Failure('environment', messageOf(error)));
      await shutDown();
      await ended;
      throw error;
    }
    return new LabProcess(lab, ready, shutDown, ended);
  }

  /** Resolves when the lab has ended: null when it was asked to, else why. */
  ended(): Promise<Failure | null> {
    return this.#ended;
  }

  /** Stops the lab and everything it started. */
  async stop(): Promise<void> {
    await this.#shutDown();
    await this.#ended;
  }
}

/** The caller holds the lab's lock: what is written down as running belongs to a lab process that was killed. */
export async function endLeftovers(directory: LabDirectory): Promise<void> {
  const record = directory.readRunning();
  if (record === null) return;
  const nodes = Object.values(record.nodes).filter((identity) => identity !== null);
  const deadlineMs = performance.now() + LEFTOVER_MS_MAX;
  while (nodes.some(isAlive) && performance.now() < deadlineMs) {
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
  for (const identity of nodes) signalProcess(identity, 'SIGKILL');
  directory.removeRunning();
}
