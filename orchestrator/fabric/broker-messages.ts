/** What a broker's process and its parent say to each other over the IPC channel. Passwords travel here, not in argv. */
import type { BrokerOptions, BrokerStats } from './embedded-broker.ts';

export type ToBroker =
  | { readonly kind: 'start'; readonly options: BrokerOptions }
  | { readonly kind: 'stats'; readonly id: number }
  | { readonly kind: 'stop' };

export type FromBroker =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stats'; readonly id: number; readonly stats: BrokerStats };
