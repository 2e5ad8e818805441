/**
 * What nodes send, as it comes. Nobody reads 200 lines a second: while much comes, the list is drawn once a second, and
 * what was left out is counted. Pausing stops the list, not the lab; the last messages can then be searched without a gap.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { MessageAnswer } from '../../api/message-shape.ts';
import { labClient } from '../lab-client.ts';
import { useTopics } from '../lab-context.ts';
import { type LabStore, MESSAGES_KEPT } from '../lab-store.ts';
import { byName } from '../node-sign.ts';
import { Empty } from '../notice.tsx';
import { clockTime, counted, cut, plain } from '../wording.ts';

const LIVE_SHOWN = 40;
const PAUSED_SHOWN = 200;
const DRAWN_EVERY_MS = 1000;
const HASH = /^[0-9a-f]{32,}$/;

interface Filter {
  readonly kind: string;
  readonly node: string;
  readonly text: string;
}

const NO_FILTER: Filter = { kind: '', node: '', text: '' };

export function MessagesView() {
  const store = useTopics('lab');
  const [paused, setPaused] = useState<readonly MessageAnswer[] | null>(null);
  const [filter, setFilter] = useState(NO_FILTER);
  const live = useSampled(store, paused === null);
  const ids = [...new Set([...store.nodes.values()].map(({ node }) => node))].sort(byName);
  const kept = paused ?? live;
  const { messages, matching, leftOut } = useMemo(
    () => select(kept, filter, paused === null ? LIVE_SHOWN : PAUSED_SHOWN),
    [kept, filter, paused],
  );
  const perSecond = Object.values(store.messagesPerSecond).reduce((sum, rate) => sum + rate, 0);
  const pause = (): void => {
    setPaused(store.messages);
    // What was left out while it ran is there to be searched.
    void labClient.messages(MESSAGES_KEPT).then((answer) => {
      if (answer.ok) setPaused((now) => (now === null ? null : answer.value.messages));
    });
  };
  // Two changes may come before the next picture.
  const set = (change: Partial<Filter>): void => setFilter((before) => ({ ...before, ...change }));
  return (
    <>
      <div class="title-row">
        <h1>Messages</h1>
        <p class="summary">
          {plain(Math.round(perSecond))} a second;{' '}
          {paused === null
            ? `the last ${plain(kept.length)} are kept here`
            : `paused at number ${kept.at(-1)?.number ?? 0}`}
          {leftOut > 0 && `; ${plain(leftOut)} left out in between`}
        </p>
      </div>
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <label>
          Kind
          <select value={filter.kind} onChange={(event) => set({ kind: event.currentTarget.value })}>
            <option value="">all</option>
            {MESSAGE_KINDS_SHOWN.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
        </label>
        <label>
          Node
          <select value={filter.node} onChange={(event) => set({ node: event.currentTarget.value })}>
            <option value="">all</option>
            {ids.map((id) => (
              <option key={id} value={id}>
                {cut(id, 40)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Containing
          <input type="search" value={filter.text} onInput={(event) => set({ text: event.currentTarget.value })} />
        </label>
        <button type="button" aria-pressed={paused !== null} onClick={paused === null ? pause : () => setPaused(null)}>
          {paused === null ? '\u2016 Pause' : '\u25b6 Go on'}
        </button>
      </form>
      {!store.heard.has('messages') ? (
        <Empty>Waiting for messages.</Empty>
      ) : messages.length === 0 ? (
        <Empty>
          {kept.length === 0
            ? 'No message yet: nodes send when they share values, ask or vote.'
            : `None of the last ${counted(kept.length, 'message')} is like that.`}
        </Empty>
      ) : (
        <>
          <div class="scroll">
            <table class="messages stacked">
              <caption class="hidden">Messages, newest first</caption>
              <thead>
                <tr>
                  <th scope="col">Time</th>
                  <th scope="col">Node</th>
                  <th scope="col">Kind</th>
                  <th scope="col">Fields</th>
                </tr>
              </thead>
              <tbody>
                {messages.map((message) => (
                  <Line key={message.number} message={message} />
                ))}
              </tbody>
            </table>
          </div>
          {matching > messages.length && (
            <p class="muted">
              {plain(matching - messages.length)} more of those that are kept
              {paused === null ? ': pause to see them' : ''}.
            </p>
          )}
        </>
      )}
    </>
  );
}

const MESSAGE_KINDS_SHOWN: readonly MessageAnswer['kind'][] = [
  'sensor',
  'request',
  'vote',
  'decision',
  'service',
  'refusal',
  'byzantine',
];

/** The messages of the store; while `wanted`, a new picture of them at most every DRAWN_EVERY_MS. */
function useSampled(store: LabStore, wanted: boolean): readonly MessageAnswer[] {
  const [shown, setShown] = useState(store.messages);
  const drawnAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (!wanted) return;
    let later: ReturnType<typeof setTimeout> | undefined;
    const draw = (): void => {
      later = undefined;
      drawnAt.current = performance.now();
      setShown(store.messages);
    };
    const due = (): void => {
      later ??= setTimeout(draw, Math.max(0, drawnAt.current + DRAWN_EVERY_MS - performance.now()));
    };
    due();
    const end = store.subscribe(['messages'], due);
    return () => {
      clearTimeout(later);
      end();
    };
  }, [store, wanted]);
  return shown;
}

/** Newest first. */
function select(kept: readonly MessageAnswer[], filter: Filter, most: number) {
  const text = filter.text.trim().toLowerCase();
  const messages: MessageAnswer[] = [];
  let matching = 0;
  for (let index = kept.length - 1; index >= 0; index--) {
    const message = kept[index]!;
    if (filter.kind !== '' && message.kind !== filter.kind) continue;
    if (filter.node !== '' && message.node !== filter.node) continue;
    if (text !== '' && !`${message.seat} ${fieldsText(message)}`.toLowerCase().includes(text)) continue;
    matching++;
    if (messages.length < most) messages.push(message);
  }
  const first = kept[0]?.number ?? 0;
  const last = kept.at(-1)?.number ?? 0;
  return { messages, matching, leftOut: kept.length === 0 ? 0 : last - first + 1 - kept.length };
}

function fieldsText({ fields }: MessageAnswer): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}

/** Hashes by their beginnings; all of it is behind the line. */
function briefly({ fields }: MessageAnswer): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${cut(String(value), HASH.test(String(value)) ? 9 : 48)}`)
    .join(' · ');
}

function Line({ message }: { readonly message: MessageAnswer }) {
  return useMemo(() => {
    const { at, node, seat, kind } = message;
    const text = briefly(message);
    return (
      <tr>
        <td class="time">{clockTime(at)}</td>
        <td>{node === seat ? cut(node, 24) : `${cut(node, 24)} (${cut(seat, 12)})`}</td>
        <td>
          <span class={`kind ${kind}`}>{kind}</span>
        </td>
        <td class="fields">
          <details>
            <summary>{cut(text, 200)}</summary>
            <Fields message={message} />
          </details>
        </td>
      </tr>
    );
  }, [message]);
}

function Fields({ message: { fields } }: { readonly message: MessageAnswer }) {
  return (
    <dl>
      {Object.entries(fields).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
