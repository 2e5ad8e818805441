/** Wallets as every node sees them, and what became of one. */
import { z } from 'zod';
import { component, list, nodeId, seatName, unixMs } from './component.ts';

export const WALLET = component(
  'Wallet',
  z.strictObject({
    id: nodeId(),
    agreed: z.boolean().describe('one view alone, over all seats that were heard'),
    views: list(z.strictObject({ units: z.int(), stateHash: z.string(), seats: list(seatName()) })).describe(
      'each distinct view and the seats that hold it, most seats first; a seat that is missing was not heard',
    ),
  }),
);
export type WalletAnswer = z.output<typeof WALLET>;

export const WALLETS = component(
  'Wallets',
  z.strictObject({
    dcoinRate: z.number().describe('units of one DCoin'),
    seats: list(seatName()),
    wallets: list(WALLET),
  }),
);
export type WalletsAnswer = z.output<typeof WALLETS>;

export const WALLET_CAUSES = ['sensor', 'reward', 'decision', 'found'] as const;

export const WALLET_CHANGE = component(
  'WalletChange',
  z.strictObject({
    at: unixMs(),
    units: z.int(),
    deltaUnits: z.int().nullable().describe('null for the first that was seen'),
    stateHash: z.string(),
    cause: z.enum(WALLET_CAUSES).describe('found: as the node came up with it'),
    requestId: z.string().nullable().describe('of a decision or a reward'),
    count: z.int().describe('changes of the same cause in a row, as one'),
  }),
);

export const WALLET_HISTORY = component(
  'WalletHistory',
  z.strictObject({
    id: nodeId(),
    seat: seatName().describe("whose view this is: the wallet's owner"),
    changes: list(WALLET_CHANGE).describe('the last ones, oldest first'),
  }),
);
export type WalletHistoryAnswer = z.output<typeof WALLET_HISTORY>;
