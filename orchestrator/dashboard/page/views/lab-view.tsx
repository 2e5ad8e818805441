/** The lab at a glance: nodes round the broker, what flows, what is broken, and one node in detail. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { FaultAnswer } from '../../api/fault-answer-shape.ts';
import { useTopics } from '../lab-context.ts';
import { linkDamage } from '../link-damage.ts';
import { inOrder, signOf } from '../node-sign.ts';
import { Empty } from '../notice.tsx';
import { counted, cut, plain } from '../wording.ts';
import { NodePanel } from './node-panel.tsx';
import { NodeTable } from './node-table.tsx';
import { Topology } from './topology.tsx';

const NARROW = '(max-width: 640px)';

export function LabView() {
  const store = useTopics('lab', 'faults');
  const narrow = useMedia(NARROW);
  const [selected, setSelected] = useState<string | null>(null);
  const nodes = inOrder(store.nodes.values());
  const faults = [...store.faults.values()].filter(({ active }) => active);
  const damage = useDamage(
    faults,
    nodes.map(({ seat }) => seat),
  );
  if (!store.heard.has('lab')) return <Empty>Waiting for the lab's first word.</Empty>;
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const { words } = signOf(node);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const chosen = selected === null ? undefined : store.nodes.get(selected);
  const { sensor = 0, request = 0, vote = 0 } = store.messagesPerSecond;
  const summary = [...counts].map(([words, count]) => `${count} ${words}`).join(', ');
  return (
    <>
      <div class="title-row">
        <h1>Lab</h1>
        <p class="summary">
          {counted(nodes.length, 'node')}: {summary}; {counted(Math.round(sensor + request + vote), 'message')} and{' '}
          {plain(store.decisionsPerSecond)} decisions a second
        </p>
      </div>
      <div class={chosen === undefined ? 'lab' : 'lab with-panel'}>
        <div class="card">
          <Topology
            nodes={nodes}
            flow={store.flow}
            damage={damage}
            narrow={narrow}
            selected={selected}
            onSelect={setSelected}
            words={`${counted(nodes.length, 'node')} round the broker: ${summary}`}
            centre={[
              'broker',
              `${Math.round(sensor)} sensor/s`,
              `${Math.round(request)} requests/s`,
              `${Math.round(vote)} votes/s`,
            ]}
          />
          <Legend />
          <ActiveFaults faults={faults} sides={damage.sides} />
        </div>
        {chosen !== undefined && <NodePanel key={chosen.seat} node={chosen} onClose={() => setSelected(null)} />}
      </div>
      <NodeTable nodes={nodes} selected={selected} onSelect={setSelected} />
    </>
  );
}

function Legend() {
  return useMemo(
    () => (
      <p class="legend">
        In a node: its own view of <b>n / quorum</b>. Lines to the broker: <span class="key sensor">sensor values</span>{' '}
        <span class="key vote">votes</span> <span class="key request">requests</span>. Between nodes:{' '}
        <span class="key cut">cut</span> <span class="key lossy">lossy</span> <span class="key late">late</span>. Shape
        ◆: Byzantine.
      </p>
    ),
    [],
  );
}

function ActiveFaults({
  faults,
  sides,
}: {
  readonly faults: readonly FaultAnswer[];
  readonly sides: readonly (readonly string[])[];
}) {
  if (faults.length === 0) return null;
  return (
    <div class="active-faults">
      {sides.length > 0 && (
        <p>
          <b>Partitioned:</b>{' '}
          {sides
            .map((side, index) => `${String.fromCharCode(65 + Math.min(index, 25))}: ${cut(side.join(' '), 60)}`)
            .join(' | ')}
        </p>
      )}
      <p>
        <b>{counted(faults.length, 'active fault')}:</b>{' '}
        {faults
          .map(({ title, state }) => `${cut(title, 60)} (${state})`)
          .slice(0, 6)
          .join('; ')}
        . <a href="#/faults">To the faults</a>
      </p>
    </div>
  );
}

function useDamage(faults: readonly FaultAnswer[], seats: readonly string[]): ReturnType<typeof linkDamage> {
  const key = JSON.stringify([seats, faults.map(({ id, state }) => [id, state])]);
  // The key says what it follows from.
  return useMemo(() => linkDamage(faults, seats), [key]);
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = (): void => setMatches(list.matches);
    list.addEventListener('change', change);
    return () => list.removeEventListener('change', change);
  }, [query]);
  return matches;
}
