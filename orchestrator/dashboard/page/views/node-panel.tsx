/** One node: how it is, what it says of itself, and what can be done to it. */
import { useState } from 'preact/hooks';
import type { LiveNode } from '../../api/frame-shape.ts';
import type { NodeCommand, NodeViewAnswer } from '../../api/node-shape.ts';
import { labClient, type Refused } from '../lab-client.ts';
import { useDcoinRate, useFreshAnswer } from '../lab-context.ts';
import { signOf } from '../node-sign.ts';
import { RefusalNotice } from '../notice.tsx';
import { hrefOf } from '../route.ts';
import { bytes, counted, cut, money, plain } from '../wording.ts';

const AGAIN_MS = 3000;

const COMMANDS: Readonly<
  Record<NodeCommand, { readonly label: string; readonly words: string; readonly when: 'up' | 'down' }>
> = {
  start: { label: 'Start', words: 'its process is started', when: 'down' },
  stop: { label: 'Stop', words: 'ended in good order', when: 'up' },
  kill: { label: 'Kill', words: 'ended at once, like a power cut', when: 'up' },
  restart: { label: 'Restart', words: 'ended in good order and started again', when: 'up' },
};

export function NodePanel({ node, onClose }: { readonly node: LiveNode; readonly onClose: () => void }) {
  const rate = useDcoinRate();
  const sign = signOf(node);
  return (
    <section class="panel" aria-label={`Node ${node.seat}`}>
      <div class="panel-head">
        <h2>
          Node {cut(node.seat, 24)}{' '}
          <span class={`badge ${sign.kind}`}>
            {sign.sign} {sign.words}
          </span>
        </h2>
        <button type="button" class="quiet" onClick={onClose} aria-label="Close the details of this node">
          ✕
        </button>
      </div>
      {node.detail !== null && <p class="muted">{node.detail}</p>}
      <dl>
        {node.node !== node.seat && <Fact name="identity">{cut(node.node, 40)}</Fact>}
        <Fact name="its view of n">
          {node.n === null ? 'not heard yet' : `${node.n} nodes, quorum ${node.quorum ?? '?'}`}
        </Fact>
        <Fact name="its wallet">{node.units === null ? 'not heard yet' : money(node.units, rate)}</Fact>
        <Fact name="sent">
          {['sensor', 'request', 'vote']
            .map((name) => counted(node.sent[name] ?? 0, name === 'sensor' ? 'sensor value' : name))
            .join(', ')}
        </Fact>
        <Fact name="decided">{counted(node.decisions, 'request')}</Fact>
        <Fact name="turned down">{counted(node.refusals, 'message')}</Fact>
        {node.behaviours.length > 0 && <Fact name="behaves as">{node.behaviours.join(', ')}</Fact>}
      </dl>
      <NodeCommands node={node} />
      {node.state === 'ready' && <ShareForm node={node} />}
      {node.state === 'ready' && <OwnWord seat={node.seat} />}
      <p>
        <a href={hrefOf('services', { node: node.node })}>Buy something on its behalf</a>
      </p>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function NodeCommands({ node }: { readonly node: LiveNode }) {
  const [under, setUnder] = useState<NodeCommand | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const up = node.state === 'ready' || node.state === 'starting';
  const change = (command: NodeCommand): void => {
    setUnder(command);
    setRefused(null);
    void labClient.changeNode(node.seat, command).then((answer) => {
      setUnder(null);
      if (!answer.ok) setRefused(answer.refused);
    });
  };
  return (
    <>
      <div class="row">
        {Object.entries(COMMANDS).map(([name, { label, words, when }]) => (
          <button
            key={name}
            type="button"
            title={words}
            disabled={under !== null || (when === 'up') !== up}
            onClick={() => change(name as NodeCommand)}
          >
            {under === name ? `${label} \u2026` : label}
          </button>
        ))}
      </div>
      <RefusalNotice refused={refused} />
    </>
  );
}

function ShareForm({ node }: { readonly node: LiveNode }) {
  const [said, setSaid] = useState<string | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const count = Number(form.get('count'));
        setSaid(null);
        setRefused(null);
        void labClient.sample(node.node, 'manual', Number(form.get('value')), count).then((answer) => {
          if (answer.ok) setSaid(`${counted(answer.value.count, 'value')} shared: as many units earned.`);
          else setRefused(answer.refused);
        });
      }}
    >
      <label>
        Value
        <input name="value" type="number" step="any" value="1" required class="short" />
      </label>
      <label>
        times
        <input name="count" type="number" min="1" max="100000" value="5" required class="short" />
      </label>
      <button type="submit">Share values</button>
      {said !== null && <p role="status">{said}</p>}
      <RefusalNotice refused={refused} />
    </form>
  );
}

function OwnWord({ seat }: { readonly seat: string }) {
  const { value, refused, again } = useFreshAnswer(() => labClient.node(seat), seat, AGAIN_MS);
  const report = value?.report ?? null;
  return (
    <details open>
      <summary>What it says of itself</summary>
      <RefusalNotice refused={refused} />
      {value !== null && report === null && <p class="muted">It does not answer.</p>}
      {report !== null && <ReportFacts report={report} />}
      <button type="button" onClick={again}>
        Ask again
      </button>
    </details>
  );
}

function ReportFacts({ report }: { readonly report: NonNullable<NodeViewAnswer['report']> }) {
  const { pendingOrders, locks, services, rejections } = report;
  const turned = Object.entries(rejections).filter(([, count]) => count > 0);
  return (
    <dl>
      <Fact name="pending requests">
        {report.storedRequests} stored, {report.storedVotes} votes
      </Fact>
      <Fact name="own orders">
        {pendingOrders.length === 0 ? 'none waits' : pendingOrders.map(({ phase }) => phase).join(', ')}
      </Fact>
      <Fact name="locks">
        {locks.length === 0
          ? 'none'
          : locks
              .map(({ requester }) => cut(requester, 12))
              .slice(0, 12)
              .join(', ')}
      </Fact>
      <Fact name="services run">{plain(services.length)}</Fact>
      {turned.length > 0 && (
        <Fact name="turned down">{turned.map(([name, count]) => `${name} ${count}`).join(', ')}</Fact>
      )}
      <Fact name="memory">
        {bytes(report.rssBytes)}, database {bytes(report.databaseBytes)}
      </Fact>
    </dl>
  );
}
