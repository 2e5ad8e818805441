/**
 * What a broker's process and its parent say to each other, over the IPC channel or as JSON lines. Passwords travel
 * here, not in argv.
 */
import type { BrokerOptions, BrokerStats, HandOver } from './embedded-broker.ts';
import type { FabricBeginning } from './fabric-snapshot.ts';
import type { LinkCount, LinkRule } from './link-rule.ts';
import type { LinkState } from './link-rules.ts';

export type Question =
  | { readonly ask: 'stats' | 'link-counts' | 'link-state' }
  | { readonly ask: 'set-links'; readonly rules: readonly LinkRule[] }
  | { readonly ask: 'set-queue-limit'; readonly messages: number | null }
  | { readonly ask: 'cut'; readonly seats: readonly string[] }
  /** Its answer is the last: the broker ends. */
  | { readonly ask: 'hand-over' };

/** By question. */
export interface Answers {
  readonly stats: BrokerStats;
  readonly 'link-counts': readonly LinkCount[];
  readonly 'link-state': LinkState;
  readonly 'set-links': null;
  readonly 'set-queue-limit': null;
  readonly cut: readonly string[];
  readonly 'hand-over': HandOver;
}

export type ToBroker =
  | { readonly kind: 'start'; readonly options: BrokerOptions; readonly beginning?: FabricBeginning }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'stop' };

export type FromBroker =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly kind: 'refused'; readonly id: number; readonly message: string }
  | { readonly kind: 'journal'; readonly lines: string };
