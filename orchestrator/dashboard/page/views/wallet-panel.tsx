/** One wallet: who sees it how, and what became of it as its owner saw it. */
import { useMemo } from 'preact/hooks';
import type { WalletAnswer, WalletHistoryAnswer } from '../../api/wallet-shape.ts';
import { labClient } from '../lab-client.ts';
import { useFreshAnswer } from '../lab-context.ts';
import { Empty, RefusalNotice } from '../notice.tsx';
import { clockTime, counted, cut, plain, signed } from '../wording.ts';

const CHANGES_SHOWN = 12;
const AGAIN_MS = 2000;

const CAUSES = {
  sensor: 'shared values',
  reward: 'reward for a vote',
  decision: 'a purchase',
  found: 'found at the start',
} as const;

export function WalletPanel({ wallet, onClose }: { readonly wallet: WalletAnswer; readonly onClose: () => void }) {
  const { value, refused } = useFreshAnswer(() => labClient.walletHistory(wallet.id), wallet.id, AGAIN_MS);
  return (
    <section class="panel" aria-label={`Wallet ${wallet.id}`}>
      <div class="panel-head">
        <h2>Wallet {cut(wallet.id, 40)}</h2>
        <button type="button" class="quiet" onClick={onClose} aria-label="Close the details of this wallet">
          ✕
        </button>
      </div>
      <dl>
        {wallet.views.slice(0, 8).map(({ units, stateHash, seats }) => (
          <div key={`${units} ${stateHash}`}>
            <dt>{counted(units, 'unit')}</dt>
            <dd>
              State <code>{stateHash.slice(0, 10)}</code>, seen by{' '}
              {seats.length <= 16 ? seats.join(', ') : `${seats.length} nodes`}
            </dd>
          </div>
        ))}
      </dl>
      <RefusalNotice refused={refused?.code === 'unreachable' ? null : refused} />
      {value !== null &&
        (value.changes.length === 0 ? <Empty>Nothing has become of it yet.</Empty> : <History history={value} />)}
    </section>
  );
}

function History({ history: { changes, seat } }: { readonly history: WalletHistoryAnswer }) {
  return (
    <>
      <h2>History, as node {cut(seat, 24)} saw it</h2>
      <Chart changes={changes} />
      <div class="scroll">
        <table>
          <caption class="hidden">Changes, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">What</th>
              <th scope="col" class="number">
                Units
              </th>
              <th scope="col" class="number">
                Then
              </th>
            </tr>
          </thead>
          <tbody>
            {changes
              .slice(-CHANGES_SHOWN)
              .reverse()
              .map(({ at, cause, count, deltaUnits, units, requestId }, index) => (
                <tr key={`${at} ${index}`}>
                  <td>{clockTime(at)}</td>
                  <td>
                    {CAUSES[cause]}
                    {count > 1 && ` (${count} times)`}{' '}
                    {requestId !== null && (
                      <a href={`#/consensus?request=${encodeURIComponent(requestId)}`}>{cut(requestId, 9)}</a>
                    )}
                  </td>
                  <td class="number">{deltaUnits === null ? '' : signed(deltaUnits)}</td>
                  <td class="number">{plain(units)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
      {changes.length > CHANGES_SHOWN && (
        <p class="muted">
          The last {CHANGES_SHOWN} of {changes.length} that are kept.
        </p>
      )}
    </>
  );
}

const WIDTH = 800;
const HEIGHT = 150;

function Chart({ changes }: { readonly changes: WalletHistoryAnswer['changes'] }) {
  return useMemo(() => {
    const first = changes[0]!;
    const last = changes.at(-1)!;
    const top = Math.max(1, ...changes.map(({ units }) => units));
    const low = Math.min(0, ...changes.map(({ units }) => units));
    const x = (at: number): string => (((at - first.at) / Math.max(1, last.at - first.at)) * WIDTH).toFixed(1);
    const y = (units: number): string => (HEIGHT - 4 - ((units - low) / (top - low)) * (HEIGHT - 8)).toFixed(1);
    // Many small changes in a row are told as one: they were spread over the time before it.
    const steps = changes.map(({ at, units, count }, index) =>
      index === 0 ? `M${x(at)} ${y(units)}` : count > 1 ? `L${x(at)} ${y(units)}` : `H${x(at)}V${y(units)}`,
    );
    const purchases = changes.filter(({ cause }) => cause === 'decision').map(({ at }) => `M${x(at)} 0V${HEIGHT}`);
    return (
      <figure>
        <p class="chart-words">
          <span>at most {counted(top, 'unit')}</span>
          {purchases.length > 0 && <span class="key cut">purchases</span>}
        </p>
        <svg
          class="chart"
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Balance from ${first.units} to ${last.units} units; at most ${top}`}
        >
          <path class="axis" d={`M0 ${y(0)}H${WIDTH}`} />
          <path class="purchases-made" d={purchases.join('')} />
          <path d={steps.join('')} />
        </svg>
        <p class="chart-words">
          <span>{clockTime(first.at)}</span>
          <span>{clockTime(last.at)}</span>
        </p>
      </figure>
    );
  }, [changes]);
}
