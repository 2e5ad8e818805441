/** One wallet: who sees it how, and what became of it as its owner saw it. */
import { useEffect, useMemo } from 'preact/hooks';
import type { WalletAnswer, WalletHistoryAnswer } from '../../api/wallet-shape.ts';
import { labClient } from '../lab-client.ts';
import { useAnswer, useDcoinRate } from '../lab-context.ts';
import { Empty, RefusalNotice } from '../notice.tsx';
import { clockTime, cut, money, signed } from '../wording.ts';

const CHANGES_SHOWN = 12;
const AGAIN_MS = 2000;

const CAUSES = {
  sensor: 'shared values',
  reward: 'reward for a vote',
  decision: 'a purchase',
  found: 'found at the start',
} as const;

export function WalletPanel({ wallet, onClose }: { readonly wallet: WalletAnswer; readonly onClose: () => void }) {
  const rate = useDcoinRate();
  const { value, refused, again } = useAnswer(() => labClient.walletHistory(wallet.id), wallet.id);
  useEffect(() => {
    const timer = setInterval(again, AGAIN_MS);
    return () => clearInterval(timer);
  }, [again]);
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
            <dt>{money(units, rate)}</dt>
            <dd>
              State <code>{stateHash.slice(0, 10)}</code>, seen by{' '}
              {seats.length <= 16 ? seats.join(', ') : `${seats.length} nodes`}
            </dd>
          </div>
        ))}
      </dl>
      <RefusalNotice refused={refused?.code === 'unreachable' ? null : refused} />
      {value !== null &&
        (value.changes.length === 0 ? (
          <Empty>Nothing has become of it yet.</Empty>
        ) : (
          <History history={value} rate={rate} />
        ))}
    </section>
  );
}

function History({
  history: { changes, seat },
  rate,
}: {
  readonly history: WalletHistoryAnswer;
  readonly rate: number;
}) {
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
                  <td class="number">{money(units, rate)}</td>
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
const LEFT = 44;

function Chart({ changes }: { readonly changes: WalletHistoryAnswer['changes'] }) {
  return useMemo(() => {
    const first = changes[0]!;
    const last = changes.at(-1)!;
    const top = Math.max(1, ...changes.map(({ units }) => units));
    const low = Math.min(0, ...changes.map(({ units }) => units));
    const x = (at: number): number => LEFT + ((at - first.at) / Math.max(1, last.at - first.at)) * (WIDTH - LEFT - 8);
    const y = (units: number): number => HEIGHT - 18 - ((units - low) / (top - low)) * (HEIGHT - 28);
    const steps = changes.map(({ at, units }, index) =>
      index === 0 ? `M${x(at).toFixed(1)} ${y(units).toFixed(1)}` : `H${x(at).toFixed(1)}V${y(units).toFixed(1)}`,
    );
    return (
      <svg
        class="chart"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Balance from ${first.units} to ${last.units} units; at most ${top}`}
      >
        <line class="axis" x1={LEFT} y1={y(0)} x2={WIDTH} y2={y(0)} />
        <text x={4} y={y(top) + 4}>
          {top} u
        </text>
        <text x={4} y={y(0) + 4}>
          0 u
        </text>
        <text x={LEFT} y={HEIGHT - 3}>
          {clockTime(first.at)}
        </text>
        <text x={WIDTH - 60} y={HEIGHT - 3}>
          {clockTime(last.at)}
        </text>
        <path d={steps.join('')} />
        {changes
          .filter(({ cause }) => cause === 'decision')
          .map(({ at, units }) => (
            <circle key={at} class="decision" cx={x(at)} cy={y(units)} r={4} />
          ))}
      </svg>
    );
  }, [changes]);
}
