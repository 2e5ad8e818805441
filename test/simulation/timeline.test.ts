import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allOf, perform, type Script, Signal } from '../../node/simulation/script.ts';
import { Timeline } from '../../node/simulation/timeline.ts';

const toTheEnd = (timeline: Timeline) => timeline.run(() => false, Number.POSITIVE_INFINITY, 1000);

describe('a timeline', () => {
  it('does things in order of time, equal times in the order of planning', () => {
    const timeline = new Timeline();
    const seen: string[] = [];
    const note = (what: string) => () => seen.push(`${what}@${timeline.nowMs}`);
    timeline.at(5, note('late'));
    timeline.at(2, () => {
      note('first')();
      timeline.at(1, note('past'));
      timeline.at(2, note('same'));
    });
    timeline.at(2, note('second'));
    toTheEnd(timeline);
    assert.deepEqual(seen, ['first@2', 'second@2', 'past@2', 'same@2', 'late@5']);
  });

  it('leaves out what was cancelled', () => {
    const timeline = new Timeline();
    let rang = 0;
    const appointment = timeline.appoint(3, () => rang++);
    timeline.appoint(4, () => rang++);
    timeline.at(1, () => timeline.cancel(appointment));
    toTheEnd(timeline);
    assert.equal(rang, 1);
  });

  it('stops where it is told to, and stands there', () => {
    const timeline = new Timeline();
    let rang = 0;
    timeline.at(10, () => rang++);
    timeline.run(() => false, 7, 1000);
    assert.deepEqual([timeline.nowMs, rang], [7, 0]);
    toTheEnd(timeline);
    assert.deepEqual([timeline.nowMs, rang], [10, 1]);
  });

  it('fails where things go on without end', () => {
    const timeline = new Timeline();
    const again = () => timeline.at(timeline.nowMs, again);
    again();
    assert.throws(() => timeline.run(() => false, Number.POSITIVE_INFINITY, 500), /more than 500 events/);
  });
});

describe('a script', () => {
  it('waits for a time or for a signal, and learns which it was', () => {
    const timeline = new Timeline();
    const bell = new Signal();
    const seen: (readonly [boolean, number])[] = [];
    function* visit(): Script {
      seen.push([yield { ms: 10, signals: [bell] }, timeline.nowMs]);
      seen.push([yield { ms: 10, signals: [bell] }, timeline.nowMs]);
      seen.push([yield { ms: 10, signals: [bell] }, timeline.nowMs]);
    }
    const ended = perform(timeline, visit());
    timeline.at(14, () => bell.raise());
    toTheEnd(timeline);
    assert.deepEqual(seen, [
      [false, 10],
      [true, 14],
      [true, 14],
    ]);
    assert.ok(ended.raised);
  });

  it('goes on when all of several have ended', () => {
    const timeline = new Timeline();
    function* wait(ms: number): Script {
      yield { ms };
    }
    const ended = perform(timeline, allOf([3, 9, 6].map((ms) => perform(timeline, wait(ms)))));
    timeline.run(() => ended.raised, Number.POSITIVE_INFINITY, 1000);
    assert.equal(timeline.nowMs, 9);
  });
});
