/** What a run's verdict must show of a fork, so that a reader can follow it line by line. */
import assert from 'node:assert/strict';
import type { InvariantId } from '../../orchestrator/checks/invariant-id.ts';
import type { EvidenceLine, JudgedCheck } from '../../orchestrator/checks/verdict.ts';
import type { PerformedRun } from './performed-run.ts';

/** The judged check of an invariant that the scenario names, or `default` brings. */
export function checkOf(run: PerformedRun, invariant: InvariantId): JudgedCheck {
  const found = run.summary.judgement.checks.find(
    ({ check }) => check.kind === 'invariant' && check.invariant === invariant,
  );
  assert.ok(found, `${invariant} was not checked`);
  return found;
}

/** I1 is violated, and its evidence is two decisions of different seats on one State, each with the votes it rests on. */
export function provesFork(run: PerformedRun): void {
  const { state, evidence } = checkOf(run, 'I1');
  assert.equal(state, 'violated');
  const decisions = evidence.filter(({ observation }: EvidenceLine) => observation.event === 'decide');
  assert.equal(decisions.length, 2);
  const [a, b] = decisions as [EvidenceLine, EvidenceLine];
  assert.notEqual(a.seat, b.seat);
  assert.equal(a.observation.prevState, b.observation.prevState);
  assert.notEqual(a.observation.reqId, b.observation.reqId);
  for (const { seat, observation } of decisions) {
    const votes = evidence.filter((line) => line.seat === seat && line.observation.event === 'vote.rx');
    assert.equal(votes.length, 5, `votes at seat ${seat}`);
    assert.ok(votes.every((vote) => vote.observation.reqId === observation.reqId));
  }
}
