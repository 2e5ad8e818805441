/**
 * Made-up steps and the observations of them, for tests of the lines, their chain and their file. The messages are
 * well-formed and mean nothing.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { ObservationFile } from '../../node/host/observation-file.ts';
import { Observations } from '../../node/host/observations.ts';
import type { MessageHead, Verified } from '../../node/protocol/message.ts';
import type { Effect, Input } from '../../node/protocol/step.ts';

export const REQUEST_ID = 'ab'.repeat(32);
export const STATE = '0'.repeat(64);
export const NEXT_STATE = 'cd'.repeat(32);
export const NOW_MS = 1_790_000_000_000;

const BODY = { slot: STATE, service: 'espresso', priceDcoins: 2, time: 1000, state: STATE };

export const request = { kind: 'request' as const, id: REQUEST_ID, requester: '1', ...BODY, nonce: 4 };

export function vote(voter: string, requester = '1') {
  const group = `${REQUEST_ID}/10`;
  return {
    kind: 'vote' as const,
    voter,
    requester,
    ...BODY,
    requestId: REQUEST_ID,
    group,
    remainingUnits: 10,
    nonce: 5,
  };
}

export function delivered(message: MessageHead): Input {
  return { kind: 'message', sender: '2', message: message as Verified<MessageHead> };
}

export function accepted(message: MessageHead): Effect {
  return { kind: 'accepted', sender: '2', message };
}

/** Complete lines of `text`. */
export function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

export function linesIn(path: string): string[] {
  return linesOf(readFileSync(path, 'utf8'));
}

export interface ObservedOptions {
  readonly wallets?: Readonly<Record<string, { readonly units: number; readonly stateHash: string }>>;
  readonly file?: ObservationFile;
  readonly nowMs?: () => number;
}

/** Observations with their lines and troubles kept in memory. */
export function observed(options: ObservedOptions = {}) {
  const { wallets = {}, file = null, nowMs } = options;
  const lines: string[] = [];
  const troubles: string[] = [];
  const observations = new Observations({
    node: '3',
    file,
    wallet: (id) => wallets[id],
    onLines: (text, count) => {
      assert.equal(linesOf(text).length, count);
      lines.push(...linesOf(text));
    },
    onTrouble: (message) => troubles.push(message),
    ...(nowMs === undefined ? {} : { monotonicMs: nowMs }),
  });
  const step = (input: Input, ...effects: Effect[]) => {
    observations.record(input, effects, NOW_MS);
    observations.flush();
  };
  /** A step of one line. */
  const hear = () => step(delivered(vote('2')), accepted(vote('2')));
  return { observations, step, hear, lines, troubles };
}
