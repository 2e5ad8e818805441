/**
 * A node that can be told to misbehave: a wrapper round an unmodified core with the core's own surface. Without
 * behaviours it hands every input to the core and every effect back, untouched.
 *
 * Theory of operation. The core always runs, so the node knows what an honest one would do. Each effect of the core
 * passes the behaviours in the order of the list; a behaviour may let a message go on, change it, keep it back or put
 * others in its place, and each sees what the ones before it let through. After the core's effects have passed, the
 * behaviours hear the input. What they send by themselves passes those after them only.
 *
 * A behaviour seals what it makes (`seek` with a ticket of the wrapper) and has timers (`wake` with a name of the
 * wrapper); answers are routed back here and never reach the core. Whatever the core persists is persisted, nothing
 * else is: behaviours live in memory and begin anew with each life of the process. A message that was kept back stays
 * unacknowledged for the core, which repeats it at its next start, as an honest node does after a crash.
 *
 * Deterministic: time and nonces come in, randomness comes from the stream given.
 */
import type { Request, Vote } from '../protocol/message.ts';
import type { PaperProfile } from '../protocol/paper-profile.ts';
import type { Input } from '../protocol/step.ts';
import type { Wallet } from '../protocol/wallet.ts';
import type { Prng } from '../simulation/prng.ts';
import type { Behaviour } from './behaviour.ts';
import type { Conduct, ConductContext, Outgoing } from './conduct.ts';
import { conductOf } from './conduct-of.ts';
import { codecWithRaw } from './raw-message.ts';
import type { StepEffect, StepMachine } from './step-machine.ts';

/** Starts every ticket and timer name of the wrapper; the core and profiles have none of this form. */
const PREFIX = 'byzantine:';

/** A wake-up of this name is for the core, not for a behaviour. */
export function wakesLedger(name: string): boolean {
  return !name.startsWith(PREFIX);
}
/** Timers of one behaviour; what it would do with more is left undone. */
const TIMERS_MAX = 10_000;

export interface ByzantineNodeOptions {
  readonly core: StepMachine<Wallet, Request, Vote>;
  /** Of this seat: twins draw differently. */
  readonly prng: Prng;
}

/** A behaviour in force. */
interface Active {
  /** The behaviour as JSON: tells whether a new list has it already. */
  readonly text: string;
  readonly conduct: Conduct;
  timers: number;
  ended: boolean;
}

export class ByzantineNode implements StepMachine<Wallet, Request, Vote> {
  readonly self: string;
  /** The core's, whose codec also encodes raw messages. */
  readonly profile: PaperProfile;
  readonly #core: StepMachine<Wallet, Request, Vote>;
  readonly #prng: Prng;
  readonly #seals = new Map<string, { readonly active: Active; readonly run: (nonce: number) => void }>();
  readonly #timers = new Map<string, { readonly active: Active; readonly run: () => void }>();
  #active: readonly Active[] = [];
  #begun = 0;
  #nextTicket = 1;
  #nowMs = 0;
  #effects: StepEffect[] = [];

  constructor(options: ByzantineNodeOptions) {
    this.#core = options.core;
    this.#prng = options.prng;
    this.self = options.core.self;
    this.profile = { ...options.core.profile, codec: codecWithRaw(options.core.profile.codec) };
  }

  get n(): number {
    return this.#core.n;
  }

  get storedRows(): { readonly requests: number; readonly votes: number } {
    return this.#core.storedRows;
  }

  wallet(id: string): Wallet | undefined {
    return this.#core.wallet(id);
  }

  snapshot() {
    return this.#core.snapshot();
  }

  /**
   * Replaces the behaviours in force, at any time; returns what is to be done at once. One that was in force already,
   * with the same parameters, goes on; the others begin anew. What ended ones had under way is dropped.
   */
  behave(behaviours: readonly Behaviour[], nowMs: number): readonly StepEffect[] {
    this.#nowMs = nowMs;
    const before = [...this.#active];
    const begun: Active[] = [];
    this.#active = behaviours.map((behaviour) => {
      const text = JSON.stringify(behaviour);
      const at = before.findIndex((active) => active.text === text);
      if (at >= 0) return before.splice(at, 1)[0]!;
      const active = this.#activate(behaviour, text);
      begun.push(active);
      return active;
    });
    for (const active of before) this.#end(active);
    for (const { conduct } of begun) conduct.begins?.();
    return this.#take();
  }

  step(input: Input, nowMs: number): readonly StepEffect[] {
    if (input.kind === 'nonce-found' && input.ticket.startsWith(PREFIX)) {
      return this.#own(nowMs, () => this.#sealed(input.ticket, input.nonce));
    }
    if (input.kind === 'wake' && input.name.startsWith(PREFIX)) return this.#own(nowMs, () => this.#woken(input.name));
    const effects = this.#core.step(input, nowMs);
    if (this.#active.length === 0) return effects;
    this.#nowMs = nowMs;
    for (const effect of effects) {
      if (effect.kind === 'publish' || effect.kind === 'send') {
        this.#pass(effect, 0);
      } else {
        this.#effects.push(effect);
        if (effect.kind !== 'deviated') for (const { conduct } of this.#active) conduct.notices?.(effect);
      }
    }
    for (const { conduct } of this.#active) conduct.hears?.(input);
    return this.#take();
  }

  #own(nowMs: number, run: () => void): readonly StepEffect[] {
    this.#nowMs = nowMs;
    run();
    return this.#take();
  }

  #take(): readonly StepEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Sends `outgoing` past the behaviours from place `from` on. */
  #pass(outgoing: Outgoing, from: number): void {
    for (let i = from; i < this.#active.length; i++) {
      const { conduct } = this.#active[i]!;
      if (conduct.sends === undefined) continue;
      const passed = conduct.sends(outgoing);
      if (passed.length === 1 && passed[0] === outgoing) continue;
      for (const one of passed) this.#pass(one, i + 1);
      return;
    }
    this.#effects.push(outgoing);
  }

  #activate(behaviour: Behaviour, text: string): Active {
    const prng = this.#prng.stream(`${this.#begun++}/${behaviour.kind}`);
    const context: ConductContext = {
      core: this.#core,
      self: this.self,
      members: this.profile.membership.members,
      profile: this.profile,
      prng,
      nowMs: () => this.#nowMs,
      emit: (outgoing) => this.#pass(outgoing, this.#active.indexOf(active) + 1),
      seal: (message, then) => this.#seal(active, message, then),
      after: (ms, run) => this.#after(active, ms, run),
      deviated: (act, requestId = null, detail = null) => {
        this.#effects.push({ kind: 'deviated', behaviour: behaviour.kind, act, requestId, detail });
      },
    };
    const active: Active = { text, conduct: conductOf(behaviour, context), timers: 0, ended: false };
    return active;
  }

  #end(active: Active): void {
    active.ended = true;
    for (const [ticket, seal] of this.#seals) if (seal.active === active) this.#seals.delete(ticket);
    for (const [name, timer] of this.#timers) {
      if (timer.active !== active) continue;
      this.#timers.delete(name);
      this.#effects.push({ kind: 'wake', name, atMs: null });
    }
  }

  #seal<M extends Request | Vote>(active: Active, message: M, then: (sealed: M) => void): void {
    const { requests, votes, parameters } = this.profile;
    const ticket = `${PREFIX}${this.#nextTicket++}`;
    const prefix = message.kind === 'vote' ? votes.workPrefix(message) : requests.workPrefix(message);
    this.#seals.set(ticket, { active, run: (nonce) => then({ ...message, nonce }) });
    this.#effects.push({ kind: 'seek', ticket, prefix, difficulty: parameters.difficulty });
  }

  #sealed(ticket: string, nonce: number | null): void {
    const seal = this.#seals.get(ticket);
    this.#seals.delete(ticket);
    if (nonce !== null) seal?.run(nonce);
  }

  #after(active: Active, ms: number, run: () => void): boolean {
    if (active.ended || active.timers >= TIMERS_MAX) return false;
    active.timers++;
    const name = `${PREFIX}${this.#nextTicket++}`;
    this.#timers.set(name, { active, run });
    this.#effects.push({ kind: 'wake', name, atMs: this.#nowMs + ms });
    return true;
  }

  #woken(name: string): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    this.#timers.delete(name);
    timer.active.timers--;
    timer.run();
  }
}
