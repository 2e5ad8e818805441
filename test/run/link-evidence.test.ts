/** What shows that a link rule works, and what shows nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IDLE_RULE, type LinkRule } from '../../orchestrator/fabric/link-rule.ts';
import { type HeardCanary, LinkProbe, PROBES_MAX } from '../../orchestrator/run/link-evidence.ts';

const SEATS = ['1', '2', '3'];
const EARLY_MS = 0.5;

const rule = (id: string, parts: Partial<LinkRule>): LinkRule => ({ ...IDLE_RULE, id, ...parts });
const delayed = (parts: Partial<LinkRule> = {}): LinkRule =>
  rule('slow', { from: ['1'], to: ['2'], delay: { ms: 20, jitter: null }, ...parts });
const cut = (parts: Partial<LinkRule> = {}): LinkRule => rule('cut', { from: ['1'], to: ['2'], drop: 1, ...parts });

/** A canary of seat 1, and when each seat heard it. */
const heard = (receivedMs: Readonly<Record<string, number>>): ReadonlyMap<string, HeardCanary> =>
  new Map([['1', { sentMs: 0, receivedMs: new Map(Object.entries(receivedMs)) }]]);

describe('a rule that delays', () => {
  it('is seen by a canary that came late', () => {
    const probe = new LinkProbe([delayed()], SEATS, EARLY_MS);
    assert.deepEqual(probe.begin(SEATS), ['1']);
    assert.equal(probe.take(heard({ 1: 1, 2: 20.1 })), null);
    assert.equal(probe.over, true);
    assert.equal(probe.missing, null);
    assert.deepEqual(probe.counted, []);
  });

  it('is seen not to work by a canary that came early', () => {
    const probe = new LinkProbe([delayed()], SEATS, EARLY_MS);
    probe.begin(SEATS);
    assert.equal(probe.take(heard({ 1: 1, 2: 19 })), 'rule slow: from 1 to 2 took 19.0 ms');
  });

  it('is not seen where no canary arrives, and is given several', () => {
    const probe = new LinkProbe([delayed()], SEATS, EARLY_MS);
    for (let round = 1; round < PROBES_MAX; round++) {
      assert.deepEqual(probe.begin(SEATS), ['1']);
      assert.equal(probe.take(heard({ 1: 1 })), null);
      assert.equal(probe.over, false);
    }
    assert.equal(probe.missing, 'rule slow: no canary that it should have delayed arrived');
    probe.begin(SEATS);
    assert.equal(probe.take(heard({ 1: 1 })), 'rule slow: no canary that it should have delayed arrived');
  });

  it('is seen by one pair of several', () => {
    const probe = new LinkProbe([delayed({ to: null })], SEATS, EARLY_MS);
    probe.begin(SEATS);
    assert.equal(probe.take(heard({ 1: 1, 3: 25 })), null);
    assert.equal(probe.over, true);
  });

  it('and loses copies is seen in the counts, and not contradicted by canaries', () => {
    const lossy = delayed({ drop: 0.5 });
    const probe = new LinkProbe([lossy], SEATS, EARLY_MS);
    assert.deepEqual(probe.counted, [lossy]);
    probe.begin(SEATS);
    assert.equal(probe.take(heard({ 1: 1 })), null);
    assert.equal(probe.over, true);
  });
});

describe('a rule that drops everything', () => {
  it('is seen by a canary that its sender alone heard', () => {
    const probe = new LinkProbe([cut()], SEATS, EARLY_MS);
    probe.begin(SEATS);
    assert.equal(probe.take(heard({ 1: 1, 3: 1 })), null);
    assert.equal(probe.over, true);
  });

  it('is seen not to work by a canary that came through', () => {
    const probe = new LinkProbe([cut()], SEATS, EARLY_MS);
    probe.begin(SEATS);
    assert.equal(probe.take(heard({ 1: 1, 2: 1 })), 'rule cut: seat 2 still hears seat 1');
  });

  it('proves nothing where the canary did not come back to its sender', () => {
    const probe = new LinkProbe([cut()], SEATS, EARLY_MS);
    probe.begin(SEATS);
    assert.equal(probe.take(new Map([['1', null]])), 'rule cut: the canary of seat 1 did not come back to it');
  });

  it('is not seen before two nodes on its links run', () => {
    const probe = new LinkProbe([cut()], SEATS, EARLY_MS);
    for (let round = 0; round <= PROBES_MAX; round++) {
      assert.deepEqual(probe.begin(['1', '3']), []);
      assert.equal(probe.take(new Map()), null);
      assert.equal(probe.missing, 'rule cut: no two nodes that run are on its links');
    }
    assert.deepEqual(probe.begin(SEATS), ['1']);
    assert.equal(probe.take(heard({ 1: 1 })), null);
    assert.equal(probe.over, true);
  });
});

it('rules that act now and then, or on copies to their own sender alone, are left to the counts', () => {
  const rules = [
    rule('lossy', { drop: 0.1 }),
    cut({ id: 'flapping', flapping: { onMs: 10, offMs: 10 } }),
    cut({ id: 'own', to: ['1'], self: true }),
  ];
  const probe = new LinkProbe(rules, SEATS, EARLY_MS);
  assert.equal(probe.over, true);
  assert.deepEqual(probe.counted, rules);
});
