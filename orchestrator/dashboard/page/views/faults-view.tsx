/** What is broken on purpose: start it, watch it take effect, heal it. */
import { useState } from 'preact/hooks';
import type { FaultAnswer } from '../../api/fault-answer-shape.ts';
import { labClient, type Refused } from '../lab-client.ts';
import { useAnswer, useTopics } from '../lab-context.ts';
import { Empty, RefusalNotice } from '../notice.tsx';
import { clockTime, counted, cut, milliseconds } from '../wording.ts';
import { FaultForm, WrittenFaultForm } from './fault-form.tsx';

const PAST_SHOWN = 20;

const STATES: Readonly<Record<FaultAnswer['state'], string>> = {
  asked: '\u2026 asked',
  applied: '\u25d0 applied',
  verified: '\u25cf verified',
  unverified: '? not seen to work',
  failed: '\u2715 failed',
  skipped: '? skipped',
  healed: '\u2713 healed',
};

export function FaultsView() {
  const store = useTopics('lab', 'faults');
  const kinds = useAnswer(labClient.faultKinds, `kinds of ${store.boot}`);
  const faults = [...store.faults.values()].sort((a, b) => b.askedAt - a.askedAt);
  const active = faults.filter((fault) => fault.active);
  const past = faults.filter((fault) => !fault.active);
  return (
    <>
      <div class="title-row">
        <h1>Faults</h1>
        <p class="summary">
          {active.length === 0 ? 'nothing is broken on purpose' : `${counted(active.length, 'fault')} active`}
        </p>
      </div>
      <RefusalNotice refused={kinds.refused?.code === 'unreachable' ? null : kinds.refused} />
      <div class="two">
        <FaultForm kinds={kinds.value} />
        <WrittenFaultForm />
      </div>
      <h2>Active</h2>
      {active.length === 0 ? (
        <Empty>No fault is active: start one above, and see it in the lab.</Empty>
      ) : (
        <FaultTable faults={active} />
      )}
      {past.length > 0 && (
        <>
          <h2>Past</h2>
          <FaultTable faults={past.slice(0, PAST_SHOWN)} />
          {past.length > PAST_SHOWN && <p class="muted">{counted(past.length - PAST_SHOWN, 'older one')} not shown.</p>}
        </>
      )}
    </>
  );
}

function FaultTable({ faults }: { readonly faults: readonly FaultAnswer[] }) {
  return (
    <div class="scroll">
      <table class="faults stacked">
        <caption class="hidden">Faults, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Fault</th>
            <th scope="col">State</th>
            <th scope="col">Asked</th>
            <th scope="col">Applied</th>
            <th scope="col">Verified</th>
            <th scope="col">Healed</th>
            <th scope="col">
              <span class="hidden">What can be done</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {faults.map((fault) => (
            <Line key={fault.id} fault={fault} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ fault }: { readonly fault: FaultAnswer }) {
  const { id, title, state, detail, askedAt, appliedAt, verifiedAt, healedAt, durationMs, active } = fault;
  const [under, setUnder] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const heal = (): void => {
    setUnder(true);
    setRefused(null);
    void labClient.healFault(id).then((answer) => {
      setUnder(false);
      if (!answer.ok) setRefused(answer.refused);
    });
  };
  return (
    <tr data-fault={id}>
      <th scope="row">
        {cut(title, 120)}
        {durationMs !== null && <span class="muted"> for {milliseconds(durationMs)}</span>}
      </th>
      <td>
        <span class={`badge ${state}`}>{STATES[state]}</span>
        {detail !== '' && <p class="muted">{cut(detail, 200)}</p>}
        <RefusalNotice refused={refused} />
      </td>
      {[askedAt, appliedAt, verifiedAt, healedAt].map((at, index) => (
        <td key={index} class="wide">
          {at === null ? '-' : clockTime(at)}
        </td>
      ))}
      <td>
        {active && (
          <button type="button" disabled={under} onClick={heal}>
            {under ? 'Healing \u2026' : 'Heal'} <span class="hidden">{cut(title, 120)}</span>
          </button>
        )}
      </td>
    </tr>
  );
}
