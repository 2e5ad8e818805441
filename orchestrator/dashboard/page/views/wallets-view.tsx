/**
 * Every node's view of every wallet. Agreement is quiet: a faint sign that does not change while balances do. What differs
 * for longer than a message takes stands out by colour, sign and number.
 */
import { useMemo, useState } from 'preact/hooks';
import type { WalletAnswer } from '../../api/wallet-shape.ts';
import { useDcoinRate, useTick, useTopics } from '../lab-context.ts';
import { byName } from '../node-sign.ts';
import { Empty } from '../notice.tsx';
import { walletRow } from '../wallet-cells.ts';
import { counted, cut, dcoins } from '../wording.ts';
import { WalletPanel } from './wallet-panel.tsx';

const WALLETS_SHOWN = 64;
/** More columns than these have no room for numbers, and would change all the time. */
const NUMBERED_SEATS = 12;

export function WalletsView() {
  const store = useTopics('lab', 'wallets');
  const [selected, setSelected] = useState<string | null>(null);
  const heardAt = useMemo(() => performance.now(), [store.at]);
  useTick(1000, store.apartSince.size > 0);
  const nowMs = store.at + (performance.now() - heardAt);
  const nodes = [...store.nodes.values()].sort((a, b) => byName(a.seat, b.seat));
  const seats = nodes.map(({ seat }) => seat);
  const wallets = [...store.wallets.values()].sort((a, b) => byName(a.id, b.id));
  if (!store.heard.has('wallets')) return <Empty>Waiting for the wallets.</Empty>;
  const owners = new Map(nodes.map(({ node, seat }) => [seat, node]));
  const numbers = seats.length <= NUMBERED_SEATS;
  const rows = wallets.map((wallet) => ({
    wallet,
    row: walletRow(wallet, seats, store.apartSince.get(wallet.id), nowMs, numbers),
  }));
  const apart = rows.filter(({ row }) => row.apart > 0).length;
  // What is in dispute must not be among those that are left out.
  const shown =
    rows.length > WALLETS_SHOWN ? [...rows].sort((a, b) => b.row.apart - a.row.apart).slice(0, WALLETS_SHOWN) : rows;
  const chosen = selected === null ? undefined : store.wallets.get(selected);
  return (
    <>
      <div class="title-row">
        <h1>Wallets</h1>
        <p class="summary">
          <Agreement wallets={wallets.length} apart={apart} moving={rows.filter(({ row }) => row.moving > 0).length} />
        </p>
      </div>
      {wallets.length === 0 ? (
        <Empty>No wallet yet: a node has one as soon as it shares a value or starts with some.</Empty>
      ) : (
        <>
          <p class="muted">
            One row for each wallet, one column for each node's view of it, in units.{' '}
            {numbers ? '≠: not what most nodes see' : '= as most nodes see it; a number: so many units more or less'}; ∼
            differs for a moment; ◇ another State; empty: not heard. The owner's own view is underlined.
          </p>
          <div class="scroll">
            <table class={numbers ? 'matrix' : 'matrix dense'}>
              <caption class="hidden">Views of wallets</caption>
              <thead>
                <tr>
                  <th scope="col" class="first">
                    Wallet
                  </th>
                  <th scope="col">Most see</th>
                  <th scope="col">Differ</th>
                  {seats.map((seat) => (
                    <th scope="col" key={seat}>
                      {cut(seat, 6)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {shown.map(({ wallet, row }) => (
                  <Row
                    key={wallet.id}
                    wallet={wallet}
                    seats={seats}
                    owners={owners}
                    row={row}
                    selected={selected === wallet.id}
                    onSelect={setSelected}
                  />
                ))}
              </tbody>
            </table>
          </div>
          {rows.length > shown.length && (
            <p class="muted">{counted(rows.length - shown.length, 'more wallet')} not shown.</p>
          )}
        </>
      )}
      {chosen !== undefined && <WalletPanel key={chosen.id} wallet={chosen} onClose={() => setSelected(null)} />}
    </>
  );
}

interface AgreementProps {
  readonly wallets: number;
  readonly apart: number;
  readonly moving: number;
}

function Agreement({ wallets, apart, moving }: AgreementProps) {
  if (wallets === 0) return null;
  if (apart > 0)
    return (
      <span class="badge stuck">
        ≠ nodes disagree on {counted(apart, 'wallet')} of {wallets}
      </span>
    );
  if (moving > 0)
    return (
      <span class="badge changing">
        ∼ {counted(moving, 'wallet')} of {wallets} on the way to agreement
      </span>
    );
  return <span class="badge up">● all nodes agree on {counted(wallets, 'wallet')}</span>;
}

interface RowProps {
  readonly wallet: WalletAnswer;
  readonly seats: readonly string[];
  readonly owners: ReadonlyMap<string, string>;
  readonly row: ReturnType<typeof walletRow>;
  readonly selected: boolean;
  readonly onSelect: (id: string) => void;
}

function Row({ wallet: { id }, seats, owners, row, selected, onSelect }: RowProps) {
  const rate = useDcoinRate();
  const look = row.cells.map(({ sign, words }) => `${sign} ${words}`).join('|');
  const cells = useMemo(
    () =>
      row.cells.map(({ kind, sign, words }, index) => {
        const seat = seats[index]!;
        return (
          <td key={seat} class={owners.get(seat) === id ? `${kind} own` : kind} title={`node ${seat}: ${words}`}>
            {sign}
          </td>
        );
      }),
    // What is seen of it: balances that all share change nothing.
    [look, id, seats.join('|')],
  );
  return (
    <tr class={selected ? 'selected' : undefined} data-wallet={id}>
      <th scope="row">
        <button type="button" class="as-link" aria-pressed={selected} onClick={() => onSelect(id)}>
          {cut(id, 16)}
        </button>
      </th>
      <td class="units number">{row.units === null ? '' : dcoins(row.units, rate)}</td>
      <td class={row.apart > 0 ? 'apart' : undefined}>{row.apart > 0 ? `≠ ${row.apart}` : ''}</td>
      {cells}
    </tr>
  );
}
