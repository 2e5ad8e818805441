import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import { REQUESTER_BEHAVIOURS } from '../../orchestrator/explore/draw-behaviours.ts';
import { type DrawOptions, drawScenario, voterBound } from '../../orchestrator/explore/draw-scenario.ts';
import {
  type DrawnScenario,
  purchaseCount,
  Seats,
  writtenScenario,
} from '../../orchestrator/explore/drawn-scenario.ts';
import { drawableKinds, kindsOf } from '../../orchestrator/explore/kinds.ts';
import { exploredInvariants, planOfDrawn } from '../../orchestrator/explore/run-one.ts';
import { resolveScenario } from '../../orchestrator/scenario/resolve-scenario.ts';

const PAPER: DrawOptions = { profile: 'paper', nodesMin: 2, nodesMax: 12, bounds: 'within' };
const BEYOND: DrawOptions = { ...PAPER, bounds: 'beyond' };
const REF_C: DrawOptions = { ...PAPER, profile: 'ref-c' };
const SEEDS = 300;
const seeds = Array.from({ length: SEEDS }, (_, index) => String(index));

/** Keys of seats that may misbehave as voters, or lose their database. */
function badVoters({ seats, faults }: DrawnScenario): ReadonlySet<number> {
  const requesters: readonly string[] = REQUESTER_BEHAVIOURS;
  const touchesVotes = (body: unknown): boolean => JSON.stringify(body).match(/"messages":"(votes|both)"/) !== null;
  const bad = new Set<number>();
  for (const { key, behaviours, twin } of seats) {
    const asVoter = behaviours.some(({ kind, body }) => !requesters.includes(kind) || touchesVotes(body));
    if (twin || asVoter) bad.add(key);
  }
  for (const { kind, body } of faults) {
    if (kind !== 'behave' && body.database !== 'lost') continue;
    assert.ok(body.nodes instanceof Seats);
    for (const key of body.nodes.keys) bad.add(key);
  }
  return bad;
}

describe('a drawn scenario', () => {
  it('follows from its seed, and another seed gives another one', () => {
    const texts = seeds.map((seed) => JSON.stringify(drawScenario(seed, PAPER)));
    assert.deepEqual(
      seeds.map((seed) => JSON.stringify(drawScenario(seed, PAPER))),
      texts,
    );
    assert.equal(new Set(texts).size, SEEDS);
  });

  it('is the same plan as a file', () => {
    for (const options of [PAPER, BEYOND, REF_C]) {
      const invariants = exploredInvariants(options.profile);
      for (const seed of seeds.slice(0, 80)) {
        const drawn = drawScenario(seed, options);
        const read = resolveScenario(
          { text: stringify(writtenScenario(drawn, invariants)), directory: '/' },
          { lab: 'simulated' },
        );
        assert.ok(read.ok, `seed ${seed}: ${JSON.stringify(read)}`);
        assert.deepEqual(planOfDrawn(drawn, invariants), read.plan, `seed ${seed}`);
      }
    }
  });

  it('asks for ten purchases or more, among faults', () => {
    for (const options of [PAPER, BEYOND, REF_C]) {
      for (const seed of seeds) {
        const drawn = drawScenario(seed, options);
        assert.ok(purchaseCount(drawn) >= 10, `seed ${seed}: ${purchaseCount(drawn)} purchases`);
        assert.ok(drawn.faults.length > 0, `seed ${seed}: no faults`);
        const { length } = drawn.seats;
        assert.ok(length >= 2 && length <= 12, `seed ${seed}: ${length} nodes`);
      }
    }
  });

  it('stays within the bounds of its profile, or goes beyond them', () => {
    let beyond = 0;
    for (const seed of seeds) {
      const drawn = drawScenario(seed, PAPER);
      const bad = badVoters(drawn).size;
      assert.ok(bad <= voterBound(PAPER, drawn.seats.length), `seed ${seed}: ${bad} of ${drawn.seats.length}`);
      assert.ok(!kindsOf(drawn).includes('corrupt'), `seed ${seed}: corrupt`);
      assert.equal(badVoters(drawScenario(seed, REF_C)).size, 0, `seed ${seed} of ref-c`);
      const more = drawScenario(seed, BEYOND);
      if (badVoters(more).size > voterBound(BEYOND, more.seats.length)) beyond++;
    }
    assert.ok(beyond > SEEDS / 2, `only ${beyond} of ${SEEDS} are beyond`);
  });

  it('has every kind of fault and of behaviour somewhere', () => {
    for (const options of [PAPER, BEYOND, REF_C]) {
      const seen = new Set(seeds.flatMap((seed) => kindsOf(drawScenario(seed, options))));
      assert.deepEqual([...seen].sort(), drawableKinds(options), `${options.profile}, ${options.bounds}`);
    }
  });
});
