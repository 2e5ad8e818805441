/** Asks before it buys: what it costs, and what the node holds. One dialog is one purchase, however often it is sent. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ServicesAnswer } from '../../api/service-shape.ts';
import { freshKey, labClient, type Refused } from '../lab-client.ts';
import { useDcoinRate, useTopics } from '../lab-context.ts';
import { RefusalNotice } from '../notice.tsx';
import { cut, money } from '../wording.ts';

const MODES = {
  strict: 'is refused',
  wait: 'waits until it can',
  force: 'is asked for all the same',
} as const;
type Mode = keyof typeof MODES;

interface PurchaseDialogProps {
  readonly service: ServicesAnswer['services'][number];
  /** Member id of the buyer. */
  readonly node: string;
  readonly onClose: () => void;
  readonly onBought: (orderId: string) => void;
}

export function PurchaseDialog({ service, node, onClose, onBought }: PurchaseDialogProps) {
  const rate = useDcoinRate();
  const store = useTopics('lab');
  const dialog = useRef<HTMLDialogElement>(null);
  const [key] = useState(freshKey);
  const [mode, setMode] = useState<Mode>('strict');
  const [under, setUnder] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const live = [...store.nodes.values()].find((candidate) => candidate.node === node);
  const units = live?.units ?? null;
  const buy = (): void => {
    setUnder(true);
    setRefused(null);
    void labClient.buy({ node, service: service.name, mode }, key).then((answer) => {
      setUnder(false);
      if (!answer.ok) {
        setRefused(answer.refused);
        return;
      }
      onBought(answer.value.orderId);
      dialog.current?.close();
    });
  };
  return (
    <dialog ref={dialog} aria-labelledby="purchase-title" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          buy();
        }}
      >
        <h2 id="purchase-title">
          Buy {cut(service.name, 40)} for node {cut(node, 40)}?
        </h2>
        <dl>
          <div>
            <dt>it costs</dt>
            <dd>{money(service.priceUnits, rate)}</dd>
          </div>
          <div>
            <dt>the node holds</dt>
            <dd>{units === null ? 'not heard yet' : money(units, rate)}</dd>
          </div>
          {units !== null && (
            <div>
              <dt>afterwards</dt>
              <dd>
                {units >= service.priceUnits ? money(units - service.priceUnits, rate) : 'it cannot pay this now'}
              </dd>
            </div>
          )}
        </dl>
        {live !== undefined && live.state !== 'ready' && (
          <p class="notice warn">
            Node {cut(live.seat, 40)} is {live.state}: it can take no order now.
          </p>
        )}
        <label class="field">
          If it cannot pay, the order
          <select value={mode} onChange={(event) => setMode(event.currentTarget.value as Mode)}>
            {Object.entries(MODES).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <RefusalNotice refused={refused} />
        <div class="row end">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={under}>
            {under ? 'Buying \u2026' : 'Buy'}
          </button>
        </div>
      </form>
    </dialog>
  );
}
