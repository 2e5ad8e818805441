/** A quorum on the wire is read off a journal that does not say what a vote is for: by its place, or not at all. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type SentRequest,
  timesOnTheWire,
  type WireLine,
  wireLine,
} from '../../orchestrator/paper/consensus/times-on-the-wire.ts';

const QUORUM = 2;

function request(t: number, from: string): WireLine {
  return { t, from, class: 'request', bytes: 108, recipients: 4 };
}

function vote(t: number, from: string): WireLine {
  return { t, from, class: 'vote', bytes: 144, recipients: 4 };
}

function sent(requester: string, sentAtMs: number, differing: Partial<SentRequest> = {}): SentRequest {
  return { requester, sentAtMs, votesSent: 3, unanimous: true, ...differing };
}

describe('times on the wire', () => {
  it('are those of the request itself and of the last vote that a quorum needs', () => {
    const lines = [request(101, '1'), vote(103, '2'), vote(104, '3'), vote(109, '4')];
    const [times] = timesOnTheWire(lines, [sent('1', 100)], QUORUM);
    assert.deepEqual(times, {
      alone: true,
      passageMs: 1,
      quorumMs: 4,
      publishes: 4,
      deliveries: 16,
      payloadBytes: 108 + 3 * 144,
    });
  });

  it('count a vote that is sent again once', () => {
    const lines = [request(101, '1'), vote(103, '2'), vote(104, '2'), vote(105, '3'), vote(106, '3'), vote(109, '4')];
    const [times] = timesOnTheWire(lines, [sent('1', 100)], QUORUM);
    assert.equal(times!.quorumMs, 5);
    assert.equal(times!.publishes, 6);
  });

  it('are not told where votes of two requests may be mixed, of either of them', () => {
    const lines = [
      ...[request(101, '1'), vote(103, '2'), vote(104, '3')],
      ...[request(105, '2'), vote(106, '4'), vote(107, '1'), vote(108, '3'), vote(109, '4')],
      ...[request(201, '3'), vote(202, '1'), vote(203, '2'), vote(204, '4')],
    ];
    const times = timesOnTheWire(lines, [sent('1', 100), sent('2', 104), sent('3', 200)], QUORUM);
    assert.deepEqual(
      times.map(({ alone, quorumMs }) => [alone, quorumMs]),
      [
        [false, null],
        [false, null],
        [true, 3],
      ],
    );
  });

  it('have no quorum where votes differ or are too few', () => {
    const lines = [request(101, '1'), vote(103, '2')];
    assert.equal(timesOnTheWire(lines, [sent('1', 100, { votesSent: 1 })], QUORUM)[0]!.quorumMs, null);
    const all = [request(101, '1'), vote(103, '2'), vote(104, '3'), vote(109, '4')];
    assert.equal(timesOnTheWire(all, [sent('1', 100, { unanimous: false })], QUORUM)[0]!.quorumMs, null);
  });

  it('are not taken from a request that is not in the journal, nor from the one after it', () => {
    const lines = [request(201, '2'), vote(202, '1'), vote(203, '3'), vote(204, '4')];
    const times = timesOnTheWire(lines, [sent('1', 100), sent('2', 200)], QUORUM);
    assert.deepEqual(
      times.map(({ passageMs, quorumMs }) => [passageMs, quorumMs]),
      [
        [null, null],
        [1, null],
      ],
    );
  });
});

it('a line of a link rule, of another class or no line at all is no message of a request', () => {
  const text = JSON.stringify(vote(1, '2'));
  assert.deepEqual(wireLine(text), vote(1, '2'));
  assert.equal(wireLine('{"t":1,"rule":"r","from":"1","to":"2","class":"vote","did":["drop"]}'), null);
  assert.equal(wireLine(text.replace('"vote"', '"sensor"')), null);
  assert.equal(wireLine('{"t":1,"full":true,"lines":5,"bytes":9}'), null);
  assert.equal(wireLine(text.slice(0, 20)), null);
});
