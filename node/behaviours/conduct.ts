/**
 * One behaviour at work, as the wrapper (byzantine-node.ts) sees it, and what it is given to work with. A conduct keeps
 * its state in memory only: a node that restarts begins anew.
 */
import type { MessageHead, Request, Vote } from '../protocol/message.ts';
import type { PaperProfile } from '../protocol/paper-profile.ts';
import type { Effect, Input } from '../protocol/step.ts';
import type { Wallet } from '../protocol/wallet.ts';
import type { Prng } from '../simulation/prng.ts';
import type { StepMachine } from './step-machine.ts';

/** A message on its way to the fabric. */
export type Outgoing = Extract<Effect, { kind: 'publish' | 'send' }>;

export interface Conduct {
  /** It comes into force. */
  begins?(): void;
  /** A message on its way out, of the core or of a behaviour before this one; returns what goes on in its place. */
  sends?(outgoing: Outgoing): readonly Outgoing[];
  /** Any other effect of the core on its way out; nothing can be changed about these. */
  notices?(effect: Effect): void;
  /** The core has taken this input, and its effects have passed. */
  hears?(input: Input): void;
}

export interface ConductContext {
  /** The wrapped core: for reading. */
  readonly core: StepMachine<Wallet, Request, Vote>;
  readonly self: string;
  /** All members, the node itself included. */
  readonly members: readonly string[];
  readonly profile: PaperProfile;
  /** The behaviour's own stream. */
  readonly prng: Prng;
  /** Of the step that runs. */
  nowMs(): number;
  /** Sends, past the behaviours that come after this one. */
  emit(outgoing: Outgoing): void;
  /** Finds a valid nonce and calls `then` with it, in this step or in a later one; never where there is none. */
  seal<M extends Request | Vote>(message: M, then: (sealed: M) => void): void;
  /** Calls `run` after so long; dropped when too many wait already, which the result says. */
  after(ms: number, run: () => void): boolean;
  /** For the record. */
  deviated(act: string, requestId?: string | null, detail?: string | null): void;
}

/** To everybody, itself included. */
export function publication(message: MessageHead): Outgoing {
  const channel = message.kind === 'sensor' ? 'sensor' : 'consensus';
  return { kind: 'publish', channel, message, receipt: null };
}

export function letter(to: string, message: MessageHead): Outgoing {
  return { kind: 'send', to, channel: message.kind === 'sensor' ? 'sensor' : 'consensus', message };
}

export function voteIn(outgoing: Outgoing): Vote | null {
  return outgoing.message.kind === 'vote' ? (outgoing.message as Vote) : null;
}

export function requestIn(outgoing: Outgoing): Request | null {
  return outgoing.message.kind === 'request' ? (outgoing.message as Request) : null;
}

/** The vote that this input delivers; null where it delivers something else. */
export function heardVote(input: Input): Vote | null {
  return input.kind === 'message' && input.message.kind === 'vote' ? (input.message as unknown as Vote) : null;
}

export function heardRequest(input: Input): Request | null {
  return input.kind === 'message' && input.message.kind === 'request' ? (input.message as unknown as Request) : null;
}

/** Calls `run` every `ms` from now on, first after `ms`. */
export function every(context: ConductContext, ms: number, run: () => void): void {
  context.after(ms, () => {
    run();
    every(context, ms, run);
  });
}
