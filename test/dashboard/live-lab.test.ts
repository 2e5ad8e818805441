/** The projection as a fold: lines in, frames out, nothing kept without bound. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FRAME, TOPICS } from '../../orchestrator/dashboard/api/frame-shape.ts';
import { LIMITS } from '../../orchestrator/dashboard/limits.ts';
import { BEGINNING, LiveLab } from '../../orchestrator/dashboard/live-lab.ts';
import type { Observation } from '../../orchestrator/history/observation.ts';
import { newPlan } from '../../orchestrator/lab/kept-lab.ts';

const ZERO = '0'.repeat(64);
const SEATS = ['1', '2', '3'];

/** A lab of three whose clock stands where it is put. */
function world() {
  const live = new LiveLab(newPlan('lab', { nodes: 3, sensors: [] }), 'boot');
  let t = 1000;
  let seq = 0;
  const tell = (seat: string, event: string, fields: Record<string, unknown> = {}): void => {
    t++;
    seq++;
    const line: Observation = { seq, t, at: 1_790_000_000_000 + t, node: seat, event, ...fields };
    live.observe(seat, line);
  };
  const request = { reqId: 'a'.repeat(64), R: '1', prevState: ZERO };
  const vote = (voter: string, remU = 0) => ({ voter, ...request, remU });
  const decision = { ...request, newState: 'f'.repeat(64), remU: 0, nUsed: 3, qUsed: 2 };
  const frame = (since = BEGINNING) => {
    const made = live.frame(TOPICS, since, 1);
    if (made !== null) FRAME.parse(made);
    return made;
  };
  const pass = (ms: number): void => {
    t += ms;
  };
  return { live, tell, request, vote, decision, frame, at: () => t, pass };
}

function purchase({ tell, request, vote, decision }: ReturnType<typeof world>, seats: readonly string[] = SEATS): void {
  tell('1', 'req.tx', { ...request, service: 'espresso', price: 2 });
  for (const seat of seats) tell(seat, 'req.rx', { ...request, ok: true });
  for (const voter of seats.slice(1)) tell(voter, 'vote.cast', vote(voter));
  for (const voter of seats.slice(1)) {
    tell(voter, 'vote.tx', vote(voter));
    for (const seat of seats) tell(seat, 'vote.rx', { ...vote(voter), ok: true, counted: true });
  }
  for (const seat of seats) {
    tell(seat, 'decide', decision);
    tell(seat, 'wallet', { id: '1', state: decision.newState, cU: 0 });
  }
}

describe('a request', () => {
  it('is shown from sending to the last commit, with votes by voter and times after sending', () => {
    const w = world();
    purchase(w);
    const [shown] = w.frame()!.requests!.changed;
    assert.equal(shown?.state, 'everywhere');
    assert.deepEqual(shown.receivedBy, SEATS);
    assert.deepEqual(
      shown.votes.map(({ voter, afterMs }) => [voter, afterMs]),
      [
        ['2', 4],
        ['3', 5],
      ],
    );
    assert.deepEqual(
      shown.commits.map(({ seat }) => seat),
      SEATS,
    );
    assert.equal(shown.requesterMs, shown.commits[0]!.afterMs);
    assert.equal(shown.allMs, shown.commits[2]!.afterMs);
    assert.equal(w.live.requests.latency().all?.p50, shown.allMs);
    assert.equal(w.live.requests.bought('espresso'), 1);
  });

  it('is given the output of its service, also after all have decided', () => {
    const w = world();
    purchase(w);
    const before = w.live.cursor;
    w.tell('1', 'svc.end', { key: 'k', reqId: w.request.reqId, service: 'espresso', phase: 'ended', detail: '<b>ok' });
    const [shown] = w.frame(before)!.requests!.changed;
    assert.deepEqual(shown?.served, { phase: 'ended', detail: '<b>ok' });
    assert.equal(shown.state, 'everywhere');
  });

  it('that is not decided is stuck after some seconds, with its class, and no longer once it is decided', () => {
    const w = world();
    for (const seat of SEATS) w.live.event({ kind: 'ready', seat, node: seat, readyMs: 1, databaseEmpty: true });
    for (const seat of SEATS) for (const id of SEATS) w.tell(seat, 'wallet', { id, state: ZERO, cU: 10 });
    w.tell('1', 'req.tx', { ...w.request, service: 'espresso', price: 2 });
    w.tell('1', 'req.rx', { ...w.request, ok: true });
    w.live.advance(w.at() + LIMITS.stuckAfterMs - 100);
    assert.equal(w.frame()!.requests!.changed[0]!.state, 'open');
    w.pass(2 * LIMITS.stuckAfterMs);
    w.live.advance(w.at());
    const [stuck] = w.frame()!.requests!.changed;
    assert.equal(stuck?.state, 'stuck');
    assert.equal(stuck.stuck?.reason, 'lost');
    assert.deepEqual(stuck.stuck.undecidedAt, SEATS);
    purchase(w);
    assert.equal(w.frame()!.requests!.changed[0]!.stuck, null);
  });

  it('of long ago leaves, and readers are told so', () => {
    const w = world();
    const send = (number: number) =>
      w.tell('1', 'req.tx', { reqId: String(number), R: '1', prevState: `s${number}`, service: 'Tea', price: 1 });
    for (let number = 0; number < LIMITS.requestsKept; number++) send(number);
    const before = w.live.cursor;
    send(LIMITS.requestsKept);
    const { removed, changed } = w.frame(before)!.requests!;
    assert.deepEqual(removed, ['0']);
    assert.equal(changed.length, 1);
    assert.equal(w.frame()!.requests!.changed.length, LIMITS.requestsKept);
  });
});

describe('wallets', () => {
  it('are shown as each seat sees them, and where they differ', () => {
    const w = world();
    for (const seat of SEATS) w.tell(seat, 'wallet', { id: '2', state: ZERO, cU: 5 });
    assert.equal(w.frame()!.wallets!.changed[0]!.agreed, true);
    const before = w.live.cursor;
    w.tell('3', 'wallet', { id: '2', state: ZERO, cU: 6 });
    assert.deepEqual(w.frame(before)!.wallets!.changed, [
      {
        id: '2',
        agreed: false,
        views: [
          { units: 5, stateHash: ZERO, seats: ['1', '2'] },
          { units: 6, stateHash: ZERO, seats: ['3'] },
        ],
      },
    ]);
  });

  it('keep what became of them: a run of sensor values is one change, a decision another', () => {
    const w = world();
    w.tell('1', 'boot', { n: 3, q: 2 });
    w.tell('1', 'wallet', { id: '1', state: ZERO, cU: 0 });
    for (let units = 1; units <= 10; units++) w.tell('1', 'wallet', { id: '1', state: ZERO, cU: units });
    purchase(w);
    const { changes, seat } = w.live.wallets.history('1')!;
    assert.equal(seat, '1');
    assert.deepEqual(
      changes.map(({ cause, deltaUnits, units, count, requestId }) => [cause, deltaUnits, units, count, requestId]),
      [
        ['found', null, 0, 1, null],
        ['sensor', 10, 10, 10, null],
        ['decision', -10, 0, 1, w.request.reqId],
      ],
    );
    assert.equal(w.live.wallets.history('nobody'), null);
  });
});

describe('frames', () => {
  it('hold what has changed and nothing else, and are none where nothing has', () => {
    const w = world();
    purchase(w);
    const before = w.live.cursor;
    assert.equal(w.frame(before), null);
    w.tell('2', 'reject', { type: 'vote', reason: 'work', sender: '3', where: '', expected: '', found: '' });
    const frame = w.frame(before)!;
    assert.deepEqual(Object.keys(frame).sort(), ['at', 'boot', 'full', 'lab', 'messages', 'version']);
    assert.deepEqual(
      frame.lab!.nodes.map(({ seat, refusals }) => [seat, refusals]),
      [['2', 1]],
    );
  });

  it('are bounded whatever comes, and say how much they leave out', () => {
    const w = world();
    const before = w.live.cursor;
    for (let number = 1; number <= 3 * LIMITS.messagesKept; number++)
      w.tell('1', 'sensor.tx', { pub: '1', topic: '<script>', value: number });
    const { tail, leftOut } = w.frame(before)!.messages!;
    assert.equal(tail.length, LIMITS.messagesPerFrame);
    assert.equal(leftOut, 3 * LIMITS.messagesKept - LIMITS.messagesPerFrame);
    assert.equal(tail.at(-1)!.fields.value, 3 * LIMITS.messagesKept);
    assert.equal(w.live.messages.since(0, 1e9).messages.length, LIMITS.messagesKept);
    assert.equal(w.frame()!.lab!.nodes[0]!.sent.sensor, 3 * LIMITS.messagesKept);
  });

  it('cut what is too long, and turn what is no plain value into text', () => {
    const w = world();
    w.tell('1', 'byzantine', { behaviour: 'x'.repeat(10_000), act: { deep: ['<img>'] }, list: ['a', 1] });
    const { fields } = w.frame()!.messages!.tail[0]!;
    assert.equal(String(fields.behaviour).length, LIMITS.fieldCharacters);
    assert.equal(fields.act, '{"deep":["<img>"]}');
    assert.deepEqual(fields.list, ['a', '1']);
  });

  it('tell rates that fall again when it is silent', () => {
    const w = world();
    for (let number = 0; number < 20; number++) w.tell('1', 'sensor.tx', { pub: '1', topic: 'x', value: 1 });
    w.live.advance(w.at());
    assert.equal(w.frame()!.lab!.messagesPerSecond.sensor, 10);
    const before = w.live.cursor;
    w.live.advance(w.at() + 10_000);
    assert.equal(w.frame(before)!.lab!.messagesPerSecond.sensor, 0);
  });
});
