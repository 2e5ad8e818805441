/** Fills in one fault and starts it; or writes it as JSON. */
import { useState } from 'preact/hooks';
import type { FaultKindsAnswer } from '../../api/fault-answer-shape.ts';
import { behavioursIn, FAULT_FORMS, type FaultField, type FieldValues, type Written } from '../fault-forms.ts';
import { labClient, type Refused } from '../lab-client.ts';
import { RefusalNotice } from '../notice.tsx';

const EXAMPLE = '{ "link": { "from": "1", "to": "2-4", "duplicate": "10%" }, "for": "30s" }';

export function FaultForm({ kinds }: { readonly kinds: FaultKindsAnswer | null }) {
  const [chosen, setChosen] = useState(0);
  const form = FAULT_FORMS[chosen]!;
  const known = kinds?.kinds.find(({ kind }) => kind === form.kind);
  const start = useStart();
  return (
    <section class="card fault-form" aria-labelledby="fault-form-title">
      <h2 id="fault-form-title">Break something</h2>
      <label class="field">
        What
        <select value={String(chosen)} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
          {FAULT_FORMS.map(({ title }, index) => (
            <option key={title} value={String(index)}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <p class="muted">{form.words ?? known?.description}</p>
      {known !== undefined && !known.available && <p class="notice warn">What runs this lab cannot do this.</p>}
      <form
        key={form.title}
        class="fault-form"
        onSubmit={(event) => {
          event.preventDefault();
          const values = valuesOf(event.currentTarget);
          const lasts = (values.for ?? '').trim();
          start.now({ [form.kind]: form.write(values), ...(lasts === '' ? {} : { for: lasts }) });
        }}
      >
        <div class="row">
          {form.fields.map((field) => (
            <Field key={field.name} field={field} behaviours={kinds} />
          ))}
          {known?.heals !== false && (
            <label>
              Heals after (empty: by hand)
              <input name="for" value="" placeholder="30s" class="short" />
            </label>
          )}
        </div>
        {form.fields.some(({ name }) => ['nodes', 'from', 'a'].includes(name)) && (
          <p class="muted">
            Nodes: <code>3</code>, <code>1-5</code>, <code>2, 7</code>, <code>any 2</code>, <code>25%</code>,{' '}
            <code>honest</code>, <code>byzantine</code>, <code>bound</code>
          </p>
        )}
        <RefusalNotice refused={start.refused} />
        <div class="row">
          <button type="submit" class="main" disabled={start.under}>
            {start.under ? 'Starting \u2026' : 'Start this fault'}
          </button>
        </div>
      </form>
    </section>
  );
}

export function WrittenFaultForm() {
  const start = useStart();
  return (
    <details class="card">
      <summary>Anything else, as JSON</summary>
      <form
        class="fault-form"
        onSubmit={(event) => {
          event.preventDefault();
          const text = valuesOf(event.currentTarget).written ?? '';
          try {
            start.now(JSON.parse(text) as Written);
          } catch (error) {
            start.refuse(`This is not JSON: ${(error as Error).message}`);
          }
        }}
      >
        <label>
          One entry of a scenario's timeline; it begins at once
          <textarea name="written" spellcheck={false} required defaultValue={EXAMPLE} />
        </label>
        <RefusalNotice refused={start.refused} />
        <div class="row">
          <button type="submit" disabled={start.under}>
            Start this fault
          </button>
        </div>
      </form>
    </details>
  );
}

function useStart() {
  const [under, setUnder] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  return {
    under,
    refused,
    refuse: (message: string) => setRefused({ code: 'usage', message, problems: [] }),
    now: (written: Written) => {
      setUnder(true);
      setRefused(null);
      void labClient.startFault(written).then((answer) => {
        setUnder(false);
        if (!answer.ok) setRefused(answer.refused);
      });
    },
  };
}

/** A switch that is off is not there. */
function valuesOf(form: HTMLFormElement): FieldValues {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

function Field({ field, behaviours }: { readonly field: FaultField; readonly behaviours: FaultKindsAnswer | null }) {
  const { name, label, kind, value, options, optional } = field;
  if (kind === 'switch')
    return (
      <label class="check">
        <input type="checkbox" name={name} value="true" defaultChecked={value === 'true'} /> {label}
      </label>
    );
  const found =
    kind === 'behaviour'
      ? behavioursIn(behaviours?.kinds.find((known) => known.kind === 'behave')?.schema)
      : (options ?? []);
  if (found.length > 0)
    return (
      <label>
        {label}
        <select name={name} defaultValue={value}>
          {found.map((option) => (
            <option key={option} selected={option === value}>
              {option}
            </option>
          ))}
        </select>
      </label>
    );
  return (
    <label>
      {label}
      <input name={name} defaultValue={value} required={optional !== true} class="short" />
    </label>
  );
}
