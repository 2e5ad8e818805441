/**
 * A file that says every 2 seconds whether the node can take part: `<uptime> ready`, or `<uptime> <why not>`. It lets a
 * container's health be asked without starting a program that has to be loaded: the engine's probe
 * (docker/node-health) is a few lines of shell.
 *
 * The time in it is the machine's uptime, not the age of the file: a board without a clock of its own jumps by years
 * when the network tells it the time. Old text means a node that hangs or is gone. Meant for memory (/dev/shm in a
 * container): on a card it would wear.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Schedule } from './schedule.ts';

const BEAT_MS = 2000;
/** Longest reason that is written, characters. */
const REASON_CHARACTERS_MAX = 400;

export interface HeartbeatOptions {
  /** Written beside as `<file>.new` and renamed, so that a reader never sees half of it. */
  readonly file: string;
  /** Why the node cannot take part now; empty when it can. */
  readonly unfit: () => readonly string[];
  readonly schedule: Schedule;
  /** Since the machine has started, seconds, as /proc/uptime has it. */
  readonly uptimeSeconds: () => number;
  /** The file cannot be written: told once until it can again. The node goes on, and counts as unhealthy. */
  readonly onTrouble: (line: string) => void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: (() => void) | null = null;
  #troubled = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel = this.#options.schedule(BEAT_MS, () => this.start());
    this.beat();
  }

  /** Writes at once what a change has made of the node. Nothing before `start` and after `close`. */
  beat(): void {
    if (this.#cancel === null) return;
    const { file, unfit, uptimeSeconds, onTrouble } = this.#options;
    const reasons = unfit().join('; ').replace(/\s+/g, ' ').slice(0, REASON_CHARACTERS_MAX);
    try {
      writeFileSync(`${file}.new`, `${Math.floor(uptimeSeconds())} ${reasons === '' ? 'ready' : reasons}\n`);
      renameSync(`${file}.new`, file);
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled) onTrouble(`no heartbeat: ${(error as Error).message}`);
      this.#troubled = true;
    }
  }

  /** Removes the file: a node that has stopped is not healthy for another 10 seconds. Idempotent. */
  close(): void {
    if (this.#cancel === null) return;
    this.#cancel();
    this.#cancel = null;
    rmSync(this.#options.file, { force: true });
  }
}
