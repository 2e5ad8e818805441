/**
 * Every shipped scenario on real processes, under both profiles that its description speaks of: it ends as it says. For
 * those that the project rests on, what it says is read from the nodes' own records too.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GENESIS } from '../../node/protocol/message.ts';
import { EXIT } from '../../orchestrator/cli/exit-code.ts';
import { listOf } from '../../orchestrator/history/observation.ts';
import { PROJECT_ROOT } from '../../orchestrator/project.ts';
import { resolveScenario } from '../../orchestrator/scenario/resolve-scenario.ts';
import { findScenario, shippedScenarios } from '../../orchestrator/scenario/scenario-files.ts';
import { checkOf, provesFork } from '../support/fork-evidence.ts';
import { PerformedRun } from '../support/performed-run.ts';

const PROFILES = ['paper', 'ref-c'] as const;
type Profile = (typeof PROFILES)[number];

/** States of a wallet at the end, by seat. */
function statesOf(run: PerformedRun, wallet: string): ReadonlyMap<string, string | undefined> {
  const { finals } = run.record;
  return new Map([...finals].map(([seat, { wallets }]) => [seat, wallets.find(({ id }) => id === wallet)?.stateHash]));
}

const metric = (run: PerformedRun, name: keyof PerformedRun['summary']['judgement']['metrics']): number =>
  run.summary.judgement.metrics[name] ?? Number.NaN;

/** What must be seen besides the checks of the file. */
const SEEN: { readonly [name: string]: (run: PerformedRun, profile: Profile) => void } = {
  'baseline-8': (run) => {
    assert.equal(metric(run, 'decided-everywhere'), 16);
    assert.deepEqual(run.summary.judgement.stuck, []);
  },

  equivocators: (run) => {
    assert.equal(checkOf(run, 'I1').state, 'hold');
    // One of the two purchases won, at the nodes that heard of it first.
    const ends = [...statesOf(run, '1')].filter(([seat]) => ['2', '3', '4', '5', '6'].includes(seat));
    const states = new Set(ends.map(([, state]) => state));
    assert.equal(states.size, 2);
    assert.ok(states.has(GENESIS));
  },

  'equivocators-above-bound': (run) => provesFork(run),

  'double-request': (run, profile) => {
    const { seats } = run.record.plan;
    assert.ok(seats.every(({ seat, conditions }) => seat === '1' || conditions.behaviours.length === 0));
    const votes = run
      .observed('vote.cast')
      .filter(({ R, prevState, node }) => R === '1' && prevState === GENESIS && node !== '1');
    const states = new Set(statesOf(run, '1').values());
    if (profile === 'ref-c') {
      provesFork(run);
      assert.equal(votes.length, 14, 'every voter votes for both');
      assert.equal([...states].filter((state) => state !== GENESIS).length, 2);
    } else {
      assert.equal(metric(run, 'forks'), 0);
      assert.equal(votes.length, 7, 'every voter votes once');
      assert.deepEqual(states, new Set([GENESIS]), 'its wallet is locked');
    }
  },

  'split-5-3': (run) => {
    const { stuck } = run.summary.judgement;
    assert.deepEqual(stuck.map(({ requester }) => requester).sort(), ['1', '2', '6']);
    assert.ok(stuck.every(({ reason }) => reason === 'lost'));
    const [split] = run.summary.faults;
    const t = (ms: number): number => run.summary.loadT + ms;
    const during = run
      .observed('decide')
      .filter((line) => line.t > t(split!.appliedMs! + 500) && line.t < t(split!.healedMs!));
    assert.deepEqual(during, [], 'nothing is decided meanwhile');
  },

  'broker-restart-kept': (run) => {
    const { requests, decisions } = run.summary.judgement.metrics;
    assert.equal(requests, 10);
    assert.equal(decisions, 10);
    assert.equal(metric(run, 'decided-everywhere'), 10);
    const { seats } = run.record.plan;
    for (const { seat } of seats) {
      assert.ok(
        run.observed('session', seat).some(({ link, connected }) => link === 'fabric' && connected === false),
        seat,
      );
    }
  },

  'reward-order': (run, profile) => {
    const { stuck } = run.summary.judgement;
    const share = metric(run, 'stuck-share');
    const [least, most] = profile === 'ref-c' ? [0.02, 0.3] : [0.08, 0.5];
    assert.ok(share >= least && share <= most, `${stuck.length} of ${metric(run, 'requests')} are stuck`);
    for (const { reason, detail } of stuck) assert.equal(reason, 'split', detail);
    assert.equal(metric(run, 'stuck-split'), stuck.length);
  },

  'vote-stuffing': (run, profile) => {
    const correct = new Set(run.summary.judgement.correct);
    const rewarded = run.lines
      .filter(({ seat, observation }) => correct.has(seat) && observation.event === 'decide')
      .map(({ observation }) => listOf(observation, 'rewarded').length);
    if (profile === 'paper') assert.ok(rewarded.every((count) => count === 5));
    else
      assert.ok(
        rewarded.some((count) => count < 5),
        'copies took places',
      );
  },

  'late-join': (run, profile) => {
    const used = run.observed('decide', '8').map(({ qUsed }) => qUsed);
    assert.deepEqual(used, profile === 'paper' ? [5, 5] : [1, 1]);
  },
};

function needsVirtualTime(name: string): boolean {
  const result = resolveScenario(findScenario(name, PROJECT_ROOT));
  assert.ok(result.ok, `${name} does not resolve`);
  return result.plan.requires.includes('virtual-time');
}

describe('shipped scenarios', { concurrency: 4, timeout: 600_000 }, () => {
  for (const name of shippedScenarios()) {
    for (const profile of PROFILES) {
      test(`${name} under ${profile} ends as it says`, async () => {
        const runtime = needsVirtualTime(name) ? ['--runtime', 'simulated'] : [];
        const run = await PerformedRun.shipped(name, '--profile', profile, ...runtime);
        assert.equal(run.code, EXIT.pass, run.explanation);
        try {
          SEEN[name]?.(run, profile);
        } catch (cause) {
          throw new Error(`${(cause as Error).message}\n${run.explanation}`, { cause });
        }
      });
    }
  }
});
