import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAIN_START, linkOf, verifyChain } from '../../node/host/observation-chain.ts';
import { observed } from '../support/observed-steps.ts';

function chain(count: number): string[] {
  const { hear, lines } = observed();
  for (let i = 0; i < count; i++) hear();
  return lines;
}

test('a chain that is whole verifies, from its beginning or from anywhere', () => {
  const lines = chain(20);
  const whole = verifyChain(lines, { seq: 0, link: CHAIN_START });
  assert.deepEqual(whole, { ok: true, lines: 20, lastSeq: 20, lastLink: linkOf(lines[19]!), gaps: [] });
  assert.ok(verifyChain(lines.slice(7)).ok);
  assert.deepEqual(verifyChain([]), { ok: true, lines: 0, lastSeq: 0, lastLink: CHAIN_START, gaps: [] });
});

test('a line that is missing, doubled, moved, edited or foreign breaks it at that place', () => {
  const lines = chain(20);
  const broken = (change: (copy: string[]) => void): number | null => {
    const copy = [...lines];
    change(copy);
    const verdict = verifyChain(copy, { seq: 0, link: CHAIN_START });
    return verdict.ok ? null : verdict.line;
  };
  assert.equal(
    broken((copy) => copy.splice(9, 1)),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 0, copy[8]!)),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 2, copy[10]!, copy[9]!)),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 1, copy[9]!.replace('"remU":10', '"remU":11'))),
    11,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 1, 'x')),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 1, '{"seq":10}')),
    10,
  );
  assert.equal(
    broken((copy) => copy.shift()),
    1,
  );
});

test('a hole is excused only by a gap line that names it and the line before it', () => {
  const lines = chain(5);
  const gap = (from: number, to: number, after: string, event = 'gap') =>
    JSON.stringify({ seq: to + 1, prev: 'f'.repeat(16), event, from, to, after, reason: 'ENOSPC' });
  const declared = verifyChain([...lines, gap(6, 9, linkOf(lines[4]!))]);
  assert.deepEqual(declared.ok && declared.gaps, [{ from: 6, to: 9, reason: 'ENOSPC' }]);
  for (const wrong of [
    gap(7, 9, linkOf(lines[4]!)),
    gap(6, 9, linkOf(lines[3]!)),
    gap(6, 9, linkOf(lines[4]!), 'gape'),
    gap(6, 5, linkOf(lines[4]!)),
    gap(6, 9, linkOf(lines[4]!)).replace('"seq":10', '"seq":11'),
  ]) {
    assert.ok(!verifyChain([...lines, wrong]).ok, wrong);
  }
});
