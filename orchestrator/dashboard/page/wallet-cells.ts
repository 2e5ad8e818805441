/** How one node's view of a wallet stands to that of most. Pure. */
import type { WalletAnswer } from '../api/wallet-shape.ts';

/** Views that differ for so long are a disagreement, not a message on its way. */
export const APART_MS = 2000;

export type CellKind = 'same' | 'moving' | 'apart' | 'unheard';

export interface Cell {
  readonly kind: CellKind;
  readonly sign: string;
  readonly words: string;
}

export interface WalletRow {
  readonly units: number | null;
  readonly apart: number;
  readonly moving: number;
  /** By seat, in the order that was asked for. */
  readonly cells: readonly Cell[];
}

/** `nowMs`: on the clock of `apartSince`. `numbers`: balances in the cells, where there is room for them. */
export function walletRow(
  wallet: WalletAnswer,
  seats: readonly string[],
  apartSince: ReadonlyMap<string, number> | undefined,
  nowMs: number,
  numbers: boolean,
): WalletRow {
  const most = wallet.views[0];
  const viewOf = new Map(wallet.views.flatMap((view) => view.seats.map((seat) => [seat, view] as const)));
  let apart = 0;
  let moving = 0;
  const cells = seats.map((seat): Cell => {
    const view = viewOf.get(seat);
    if (view === undefined || most === undefined) return { kind: 'unheard', sign: '', words: 'not heard' };
    if (view === most) return { kind: 'same', sign: numbers ? String(view.units) : '=', words: 'as most' };
    const difference = view.units - most.units;
    const words =
      view.stateHash === most.stateHash ? `${view.units} units, same State` : `${view.units} units, another State`;
    const since = apartSince?.get(seat);
    if (since === undefined || nowMs - since < APART_MS) {
      moving++;
      return { kind: 'moving', sign: numbers ? `\u223c ${view.units}` : '\u223c', words: `${words}, for a moment` };
    }
    apart++;
    const amount = numbers ? `\u2260 ${view.units}` : signed(difference);
    return { kind: 'apart', sign: view.stateHash === most.stateHash ? amount : `${amount}\u2009\u25c7`, words };
  });
  return { units: most?.units ?? null, apart, moving, cells };
}

function signed(difference: number): string {
  return difference === 0 ? '\u2260' : difference > 0 ? `+${difference}` : `\u2212${-difference}`;
}
