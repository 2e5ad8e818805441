/** What the page makes of frames and faults before anything is drawn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FaultAnswer } from '../../orchestrator/dashboard/api/fault-answer-shape.ts';
import type { Frame, LiveNode } from '../../orchestrator/dashboard/api/frame-shape.ts';
import { faultKinds } from '../../orchestrator/dashboard/fault-kinds.ts';
import { behavioursIn, FAULT_FORMS } from '../../orchestrator/dashboard/page/fault-forms.ts';
import { LabStore, MESSAGES_KEPT } from '../../orchestrator/dashboard/page/lab-store.ts';
import { linkDamage } from '../../orchestrator/dashboard/page/link-damage.ts';
import { quorumMark } from '../../orchestrator/dashboard/page/quorum-mark.ts';
import { layOut } from '../../orchestrator/dashboard/page/topology-layout.ts';
import { APART_MS, walletRow } from '../../orchestrator/dashboard/page/wallet-cells.ts';
import { readFault } from '../../orchestrator/dashboard/read-fault.ts';
import { newPlan } from '../../orchestrator/lab/kept-lab.ts';
import { frame, liveNode } from '../support/live-frames.ts';

const node = (seat: string, vote: number): LiveNode => liveNode(seat, { sent: { sensor: 0, request: 0, vote } });

const labOf = (...nodes: readonly LiveNode[]): Partial<Frame> => ({
  lab: { nodes, fabricFailure: null, messagesPerSecond: {}, decisionsPerSecond: 0 },
});

const message = (number: number) => ({
  number,
  at: 1,
  t: 1,
  seat: '1',
  node: '1',
  kind: 'vote' as const,
  requestId: null,
  fields: {},
});

const wallet = (id: string, ...views: readonly (readonly [units: number, ...seats: string[]])[]) => ({
  id,
  agreed: views.length < 2,
  views: views.map(([units, ...seats]) => ({ units, stateHash: 'aa', seats })),
});

describe('frames', () => {
  it('replace entries by key, drop those that are removed, and do no harm when taken twice', () => {
    const store = new LabStore();
    store.apply(
      frame({ full: true, wallets: { changed: [wallet('1', [1, '1']), wallet('2', [2, '1'])], removed: [] } }),
    );
    const change = frame({ wallets: { changed: [wallet('1', [7, '1'])], removed: ['2'] } });
    store.apply(change);
    store.apply(change);
    assert.deepEqual(
      [...store.wallets.values()].map(({ id, views }) => [id, views[0]!.units]),
      [['1', 7]],
    );
  });

  it('of another lab process are the only thing that is known', () => {
    const store = new LabStore();
    store.apply(
      frame({ full: true, ...labOf(node('1', 0), node('2', 0)), messages: { tail: [message(9)], leftOut: 0 } }),
    );
    store.apply(frame({ boot: 'b', full: true, ...labOf(node('1', 0)) }));
    assert.deepEqual([...store.nodes.keys()], ['1']);
    assert.deepEqual(store.messages, []);
    assert.equal(store.heard.has('messages'), false);
  });

  it('with messages that are known already add nothing, and no more are kept than the bound', () => {
    const store = new LabStore();
    const tail = [1, 2, 3].map(message);
    store.apply(frame({ messages: { tail, leftOut: 0 } }));
    store.apply(frame({ messages: { tail: [message(3), message(5)], leftOut: 1 } }));
    assert.deepEqual(
      store.messages.map(({ number }) => number),
      [1, 2, 3, 5],
    );
    store.apply(
      frame({ messages: { tail: Array.from({ length: 2 * MESSAGES_KEPT }, (_, i) => message(i + 6)), leftOut: 0 } }),
    );
    assert.equal(store.messages.length, MESSAGES_KEPT);
    assert.equal(store.messages.at(-1)?.number, 2 * MESSAGES_KEPT + 5);
  });

  it('tell what each node has sent since the one before; the first tells nothing', () => {
    const store = new LabStore();
    store.apply(frame({ full: true, ...labOf(node('1', 40)) }));
    assert.equal(store.flow.size, 0);
    store.apply(frame(labOf(node('1', 43))));
    assert.deepEqual(store.flow.get('1'), { sensor: 0, request: 0, vote: 3 });
    store.rest();
    assert.equal(store.flow.size, 0);
  });

  it('wake only those who look at what has changed', () => {
    const store = new LabStore();
    const woken: string[] = [];
    store.subscribe(['wallets'], () => woken.push('wallets'));
    const end = store.subscribe(['lab'], () => woken.push('lab'));
    store.apply(frame(labOf(node('1', 0))));
    end();
    store.apply(frame(labOf(node('1', 1))));
    assert.deepEqual(woken, ['lab']);
  });
});

describe('views of a wallet', () => {
  const store = new LabStore();
  const seats = ['1', '2', '3', '4'];
  const tell = (at: number, ...views: Parameters<typeof wallet>[1][]) =>
    store.apply(frame({ at, wallets: { changed: [wallet('1', ...views)], removed: [] } }));
  const row = (nowMs: number) => walletRow(store.wallets.get('1')!, seats, store.apartSince.get('1'), nowMs, false);

  it('that differ while a message is on its way are no disagreement; those that stay apart are', () => {
    tell(1000, [5, '1', '2'], [4, '3']);
    assert.deepEqual(
      row(1000).cells.map(({ kind }) => kind),
      ['same', 'same', 'moving', 'unheard'],
    );
    tell(1500, [6, '1', '2'], [4, '3']);
    const later = row(1000 + APART_MS);
    assert.equal(later.apart, 1);
    assert.equal(later.cells[2]!.sign, '\u22122');
    tell(4000, [6, '1', '2', '3']);
    tell(4100, [7, '1', '2'], [6, '3']);
    assert.equal(row(4200).apart, 0, 'it had agreed in between');
  });
});

const fault = (links: FaultAnswer['links'], change: Partial<FaultAnswer> = {}): FaultAnswer => ({
  id: 'f',
  kind: 'link',
  title: '',
  seats: [],
  links,
  written: {},
  state: 'applied',
  active: true,
  detail: '',
  askedAt: 1,
  appliedAt: 1,
  verifiedAt: null,
  healedAt: null,
  durationMs: null,
  ...change,
});

const link = (from: readonly string[] | null, to: readonly string[] | null, drop: number, delayMs = 0) => ({
  from,
  to,
  drop,
  delayMs,
  flapping: false,
});

describe('the quorum mark', () => {
  const votes = (...remaining: readonly number[]) =>
    remaining.map((remainingUnits, index) => ({ voter: String(index), remainingUnits, afterMs: index }));

  it('stands where enough votes are alike, not where enough have come', () => {
    assert.deepEqual(quorumMark({ votes: votes(4, 4, 9, 4), quorum: 3 }), { agreeing: 3, reachedAt: 3 });
    assert.deepEqual(quorumMark({ votes: votes(4, 9, 4, 9), quorum: 3 }), { agreeing: 2, reachedAt: null });
  });
});

describe('damaged links', () => {
  const seats = ['1', '2', '3'];

  it('are drawn once for both directions, the worse of two faults before the other', () => {
    const { pairs, sides } = linkDamage(
      [
        fault([link(['1'], ['2'], 0.1), link(['2'], ['1'], 0.1)]),
        fault([link(['1'], ['2'], 1)]),
        fault([link(['3'], null, 0, 50)]),
      ],
      seats,
    );
    assert.deepEqual(pairs, [
      { from: '1', to: '2', kind: 'cut', both: false },
      { from: '2', to: '1', kind: 'lossy', both: false },
      { from: '3', to: '1', kind: 'late', both: false },
      { from: '3', to: '2', kind: 'late', both: false },
    ]);
    assert.deepEqual(sides, []);
  });

  it('that leave no way between some nodes make sides; healed faults make none', () => {
    const cut = [link(['1', '2'], ['3'], 1), link(['3'], ['1', '2'], 1)];
    assert.deepEqual(linkDamage([fault(cut)], seats).sides, [['1', '2'], ['3']]);
    assert.deepEqual(linkDamage([fault(cut, { active: false })], seats), { pairs: [], sides: [] });
  });
});

describe('the topology', () => {
  it('puts no node upon another, from 2 nodes to 48, on a telephone as well', () => {
    for (const narrow of [false, true]) {
      for (const count of [2, 3, 8, 16, 17, 30, 31, 48]) {
        const { places, radius, width, height } = layOut(count, narrow);
        places.forEach((a, i) => {
          assert.ok(a.x >= radius && a.x <= width - radius && a.y >= radius && a.y <= height - radius);
          for (const b of places.slice(i + 1)) {
            const apart = Math.hypot(a.x - b.x, a.y - b.y);
            assert.ok(apart > 2 * radius, `${count} nodes, narrow ${narrow}: ${apart} < ${2 * radius}`);
          }
        });
      }
    }
  });
});

describe('forms of faults', () => {
  it('write, as they stand, what the scenario language takes', () => {
    for (const { title, kind, fields, write } of FAULT_FORMS) {
      const values = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
      const reading = readFault(JSON.parse(JSON.stringify({ [kind]: write(values) })), {
        plan: newPlan('lab', { nodes: 8 }),
        quorum: 5,
        byzantine: new Set(),
        taken: new Set(),
        number: 1,
      });
      assert.deepEqual(reading.ok ? [] : reading.problems, [], title);
    }
  });

  it('cover every kind that can be started by hand, and offer every behaviour', () => {
    const { kinds } = faultKinds('processes');
    const covered = new Set(FAULT_FORMS.map(({ kind }) => kind));
    assert.deepEqual(
      kinds.map(({ kind }) => kind).filter((kind) => !covered.has(kind)),
      [],
    );
    const names = behavioursIn(kinds.find(({ kind }) => kind === 'behave')?.schema);
    assert.ok(names.includes('silent-voter') && names.includes('replayer'), names.join());
  });
});
