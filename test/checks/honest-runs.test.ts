/**
 * Honest nodes never violate what the paper's reading promises, whatever the delays, crashes and purchases; and what a
 * crash, a full disk or a clock does to their records makes nothing of it look like a violation.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Prng } from '../../node/simulation/prng.ts';
import { INVARIANT_IDS } from '../../orchestrator/checks/invariant-id.ts';
import { judge, judgeInvariants } from '../../orchestrator/checks/judge.ts';
import type { JudgedCheck } from '../../orchestrator/checks/verdict.ts';
import type { RunRecord } from '../../orchestrator/run/run-record.ts';
import { invariantCheck, type Line, RecordedRun } from '../support/recorded-run.ts';

const SEEDS = Array.from({ length: 40 }, (_, index) => `honest/${index}`);
const CHECKS = INVARIANT_IDS.map((invariant) => invariantCheck(invariant));
/** They are promised only where a scenario says so: delays alone split votes. */
const NOT_PROMISED = ['I15', 'I16'];

/** 4 to 8 nodes, independent delays, sensor data, purchases, now and then a crash with or without its last lines. */
function randomRun(seed: string, profile: string): RecordedRun {
  const draws = Prng.seeded(seed);
  const pick = <T>(values: readonly T[]): T => values[draws.uint32() % values.length]!;
  const nodes = 4 + (draws.uint32() % 5);
  const jitterMs = pick([0.2, 3, 40]);
  const run = new RecordedRun({
    lab: { nodes, profile },
    checks: CHECKS,
    units: 25,
    delayMs: () => 0.5 + draws.float() * draws.float() * jitterMs,
  });
  const { cores } = run;
  const seats = run.plan.seats.map(({ seat }) => seat);
  let down: string | null = null;
  for (let act = 0; act < 30; act++) {
    const seat = pick(seats);
    const choice = draws.float();
    if (choice < 0.35) {
      cores.order(seat, `order-${act}`, pick(['Nespresso', 'Tea']), draws.float() < 0.1 ? 'force' : 'wait');
    } else if (choice < 0.8) cores.sample(seat, 1 + (draws.uint32() % 3));
    else if (down !== null) {
      cores.kill(down);
      cores.boot(down);
      down = null;
    } else {
      down = seat;
      if (draws.float() < 0.5) cores.kill(seat);
      else cores.killAfterNextCommit(seat);
    }
    cores.runUntil(cores.t + draws.float() * 8);
  }
  if (down !== null) {
    cores.kill(down);
    cores.boot(down);
  }
  run.wait(11_000);
  return run;
}

function violated(checks: readonly JudgedCheck[]): string[] {
  return checks
    .filter(({ check, state }) => state === 'violated' && !NOT_PROMISED.includes(check.id))
    .map(({ check, detail }) => `${check.id}: ${detail}`);
}

describe('honest nodes', () => {
  for (const profile of ['paper', 'ref-c']) {
    it(`violate nothing under ${profile}, and every stuck request has its reason`, () => {
      let requests = 0;
      for (const seed of SEEDS) {
        const { checks, stuck, metrics } = judge(randomRun(seed, profile).record());
        requests += metrics.requests ?? 0;
        // The reference votes for a second request on a State: two votes of one voter count there, by its rules.
        const found = violated(checks).filter((text) => profile === 'paper' || !text.startsWith('I18'));
        assert.deepEqual(found, [], `seed ${seed}`);
        assert.deepEqual(
          stuck.filter(({ reason }) => reason === 'unexplained'),
          [],
          `seed ${seed}`,
        );
      }
      assert.ok(requests > 3 * SEEDS.length, 'they buy');
    });
  }

  it('leave the known share of requests undecided under ref-c with independent delays, all of them split', () => {
    const draws = Prng.seeded('known-share');
    const run = new RecordedRun({
      lab: { profile: 'ref-c' },
      units: 60,
      delayMs: () => 1.4 - 0.2 * Math.log(1 - draws.float()),
    });
    for (let purchase = 0; purchase < 200; purchase++) {
      run.cores.order(String((purchase % 8) + 1), `order-${purchase}`, 'Nespresso');
      for (let i = 0; i < 4; i++) run.cores.sample(String((draws.uint32() % 8) + 1));
      run.wait(25);
    }
    run.wait(3000);
    const { metrics, stuck } = judge(run.record());
    const share = metrics['stuck-share']!;
    assert.ok(share > 0.05 && share < 0.3, `share ${share}`);
    assert.deepEqual(new Set(stuck.map(({ reason }) => reason)), new Set(['split']));
  });
});

describe('a judgement without figures', () => {
  it('says of invariants and stuck requests what the whole one says', () => {
    for (const seed of SEEDS.slice(0, 10)) {
      for (const profile of ['paper', 'ref-c']) {
        const record = randomRun(seed, profile).record();
        const { checks, stuck, metrics } = judge(record);
        assert.deepEqual(judgeInvariants(record), { checks, requests: metrics.requests, stuck }, `${profile} ${seed}`);
      }
    }
  });

  it('is refused where a check is about a figure', () => {
    const record = randomRun(SEEDS[0]!, 'paper').record();
    const check = {
      ...CHECKS[0]!,
      kind: 'metric',
      metric: 'stuck',
      bound: { atMost: 0 },
    } as unknown as (typeof CHECKS)[0];
    const asked = { ...record, plan: { ...record.plan, checks: [check] } };
    assert.throws(() => judgeInvariants(asked), /expected a check of an invariant/);
  });
});

describe('records that are not whole', () => {
  const SOME = SEEDS.slice(0, 15);

  it('a gap that the node declares makes nothing a violation, and agreement unknown', () => {
    for (const seed of SOME) {
      const draws = Prng.seeded(`gap/${seed}`);
      const record = withGap(randomRun(seed, 'paper'), draws);
      const { checks } = judge(record);
      assert.deepEqual(violated(checks), [], `seed ${seed}`);
      assert.equal(checks.find(({ check }) => check.id === 'I1')!.state, 'unknown');
    }
  });

  it('a record whose beginning was rotated away makes nothing a violation', () => {
    for (const seed of SOME) {
      const draws = Prng.seeded(`rotated/${seed}`);
      const run = randomRun(seed, 'paper');
      const seat = String((draws.uint32() % run.plan.seats.length) + 1);
      const own = run.lines.filter((line) => line.seat === seat);
      const cut = 1 + (draws.uint32() % (own.length - 1));
      const kept = new Set(own.slice(cut));
      const lines = run.lines.filter((line) => line.seat !== seat || kept.has(line));
      const { checks } = judge({ ...run.record(), history: () => lines });
      assert.deepEqual(violated(checks), [], `seed ${seed}`);
      assert.equal(checks.find(({ check }) => check.id === 'I7')!.state, 'unknown');
    }
  });

  it('clocks that differ from seat to seat, and so another order between seats, change nothing', () => {
    for (const seed of SOME) {
      const draws = Prng.seeded(`clocks/${seed}`);
      const run = randomRun(seed, 'paper');
      const record = run.record();
      const states = (checks: readonly JudgedCheck[]) =>
        checks
          .filter(({ check }) => !NOT_PROMISED.includes(check.id))
          .map(({ state, examined }) => `${state} ${examined}`);
      const offsets = new Map(run.plan.seats.map(({ seat }) => [seat, (draws.float() - 0.5) * 200]));
      const moved = run.lines
        .map(({ seat, observation }) => ({
          seat,
          observation: { ...observation, t: observation.t + offsets.get(seat)! },
        }))
        .sort((a, b) => a.observation.t - b.observation.t);
      assert.deepEqual(states(judge({ ...record, history: () => moved }).checks), states(judge(record).checks), seed);
      const seatBySeat = [...run.lines].sort((a, b) => Number(a.seat) - Number(b.seat));
      assert.deepEqual(
        states(judge({ ...record, history: () => seatBySeat }).checks),
        states(judge(record).checks),
        seed,
      );
    }
  });
});

/** Some lines of one seat are replaced by what it writes when its disk has room again. */
function withGap(run: RecordedRun, draws: Prng): RunRecord {
  const seat = String((draws.uint32() % run.plan.seats.length) + 1);
  const own = run.lines.filter((line) => line.seat === seat);
  const from = 1 + (draws.uint32() % (own.length - 2));
  const lost = own.slice(from, from + 1 + (draws.uint32() % 40));
  const gone = new Set(lost);
  const last = lost.at(-1)!;
  const { t, at, node, seq } = last.observation;
  const gap: Line = {
    seat,
    observation: {
      seq,
      t,
      at,
      node,
      event: 'gap',
      from: lost[0]!.observation.seq,
      to: seq - 1,
      after: '',
      reason: 'ENOSPC',
    },
  };
  const lines = run.lines.flatMap((line) => (line === last ? [gap] : gone.has(line) ? [] : [line]));
  return { ...run.record(), history: () => lines };
}
