/**
 * Forms for what the scenario language knows to break: which fields a kind has, and the fault that they make, in the words
 * of that language. What no form reaches can be written as JSON. Nothing is checked here: the lab tells all problems. Pure.
 */

export interface FaultField {
  readonly name: string;
  readonly label: string;
  readonly kind: 'text' | 'choice' | 'behaviour' | 'switch';
  readonly value: string;
  readonly options?: readonly string[];
  /** May stay empty: the lab's own default. */
  readonly optional?: true;
}

export type FieldValues = Readonly<Record<string, string>>;
export type Written = Readonly<Record<string, unknown>>;

export interface FaultForm {
  /** Key of the scenario language. */
  readonly kind: string;
  readonly title: string;
  /** In place of the lab's own description of the kind. */
  readonly words?: string;
  readonly fields: readonly FaultField[];
  /** The value under the key. */
  readonly write: (values: FieldValues) => unknown;
}

const nodes: FaultField = { name: 'nodes', label: 'Nodes', kind: 'text', value: '2' };
const database: FaultField = {
  name: 'database',
  label: 'Database',
  kind: 'choice',
  value: 'kept',
  options: ['kept', 'lost'],
};

/** `1-3, 5` as the language writes it: a list. */
export function seats(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Without the fields that stay empty. */
function given(values: Readonly<Record<string, unknown>>): Written {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && value !== undefined));
}

function pair({ from = '', to = '', both }: FieldValues): Written {
  if (both === 'true') return { between: [seats(from), seats(to)] };
  return given({ from: from.trim() === '' ? '' : seats(from), to: to.trim() === '' ? '' : seats(to) });
}

const ends: readonly FaultField[] = [
  { name: 'from', label: 'From', kind: 'text', value: '1' },
  { name: 'to', label: 'To', kind: 'text', value: '2' },
  { name: 'both', label: 'Both directions', kind: 'switch', value: 'true' },
];

export const FAULT_FORMS: readonly FaultForm[] = [
  {
    kind: 'link',
    title: 'Cut a link',
    words: 'all that the one side sends to the other is lost',
    fields: ends,
    write: (values) => ({ ...pair(values), drop: 1 }),
  },
  {
    kind: 'link',
    title: 'Lose or delay messages',
    words: 'a share is lost, what arrives is late; leave empty what is not wanted',
    fields: [
      ...ends,
      { name: 'drop', label: 'Share lost', kind: 'text', value: '10%', optional: true },
      { name: 'delay', label: 'Delay', kind: 'text', value: '50ms', optional: true },
    ],
    write: (values) => given({ ...pair(values), drop: values.drop, delay: values.delay }),
  },
  {
    kind: 'partition',
    title: 'Partition',
    fields: [
      { name: 'a', label: 'One side', kind: 'text', value: '1-5' },
      { name: 'b', label: 'Other side (empty: all others)', kind: 'text', value: '', optional: true },
      { name: 'oneWay', label: 'One way only', kind: 'switch', value: '' },
    ],
    write: ({ a = '', b = '', oneWay }) => ({
      sides: b.trim() === '' ? [seats(a)] : [seats(a), seats(b)],
      ...(oneWay === 'true' ? { oneWay: true } : {}),
    }),
  },
  {
    kind: 'crash',
    title: 'Crash nodes',
    fields: [nodes, database],
    write: (values) => ({ nodes: seats(values.nodes ?? ''), database: values.database }),
  },
  {
    kind: 'pause',
    title: 'Pause nodes',
    fields: [nodes],
    write: (values) => ({ nodes: seats(values.nodes ?? '') }),
  },
  {
    kind: 'restart',
    title: 'Restart nodes',
    fields: [nodes, database],
    write: (values) => ({ nodes: seats(values.nodes ?? ''), database: values.database }),
  },
  {
    kind: 'leave',
    title: 'Let nodes leave',
    fields: [nodes],
    write: (values) => ({ nodes: seats(values.nodes ?? '') }),
  },
  {
    kind: 'behave',
    title: 'Make nodes Byzantine',
    fields: [nodes, { name: 'behaviour', label: 'Behaviour', kind: 'behaviour', value: 'silent-voter' }],
    write: (values) => ({ nodes: seats(values.nodes ?? ''), behaviours: [values.behaviour] }),
  },
  {
    kind: 'slow-disk',
    title: 'Slow disk',
    fields: [nodes, { name: 'commit', label: 'Each commit takes longer by', kind: 'text', value: '20ms' }],
    write: (values) => ({ nodes: seats(values.nodes ?? ''), commit: values.commit }),
  },
  {
    kind: 'clock',
    title: 'Wrong clock',
    fields: [nodes, { name: 'offset', label: 'Off by', kind: 'text', value: '1h' }],
    write: (values) => ({ nodes: seats(values.nodes ?? ''), offset: values.offset }),
  },
  {
    kind: 'broker-restart',
    title: 'Restart the broker',
    fields: [
      { name: 'sessions', label: 'Sessions', kind: 'choice', value: 'kept', options: ['kept', 'lost'] },
      { name: 'down', label: 'Down for', kind: 'text', value: '1s', optional: true },
    ],
    write: ({ sessions, down }) => given({ sessions, down }),
  },
  { kind: 'broker-pause', title: 'Pause the broker', fields: [], write: () => ({}) },
  {
    kind: 'cut-client',
    title: 'Cut connections',
    fields: [nodes],
    write: (values) => ({ nodes: seats(values.nodes ?? '') }),
  },
  {
    kind: 'queue-limit',
    title: 'Limit queues of the broker',
    fields: [{ name: 'messages', label: 'Messages for one session', kind: 'text', value: '100' }],
    write: (values) => ({ messages: Number(values.messages) }),
  },
];

/** Names of behaviours that want no parameters, as the schema of `behave` has them; empty where they are not found. */
export function behavioursIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { enum: names } = schema as { readonly enum?: unknown };
  if (Array.isArray(names) && names.includes('silent-voter')) return names.map(String);
  for (const part of Object.values(schema)) {
    const found = behavioursIn(part);
    if (found.length > 0) return found;
  }
  return [];
}
