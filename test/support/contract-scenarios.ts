/**
 * Scenarios in which nothing is left to chance and hardly anything to time: purchases one after another, wallets funded
 * before, no sensors, no rule that draws. Where fewer voters are rewarded than there are, who is first is a race between
 * processes; so either all of them are (four nodes, of whom three must vote), or the reward is nothing.
 */

import { PerformedRun } from './performed-run.ts';
import type { RunOutcome } from './run-outcome.ts';

export interface ContractScenario {
  /** Of one that is shipped: its first word. */
  readonly name: string;
  /** Null: it is shipped. */
  readonly text: string | null;
  /** Of the command. */
  readonly args: readonly string[];
  /** Whether a vote comes before or after the decision on its State, and so is kept or not, is a race. */
  readonly leftVotesRace?: true;
}

/** What two worlds must agree on. */
export function comparable({ leftVotesRace }: ContractScenario, { finals, ...outcome }: RunOutcome): unknown {
  if (leftVotesRace !== true) return { ...outcome, finals };
  return {
    ...outcome,
    finals: Object.fromEntries(Object.entries(finals).map(([seat, { storedVotes: _, ...final }]) => [seat, final])),
  };
}

const NO_REWARD = ['--set', 'dcoinRewardUnits=0'];

const HEAD = `
profile: paper
workload:
  sensors: none
  funds: 60`;

const shipped = (name: string): ContractScenario => ({ name, text: null, args: NO_REWARD });

export const CONTRACT_SCENARIOS: readonly ContractScenario[] = [
  {
    name: 'purchases in turn, every voter rewarded',
    text: `
name: in-turn
nodes: 4${HEAD}
  duration: 20s
  purchases: [{ loop: round-robin, count: 24, services: [espresso, Tea] }]
checks: [invariant: default, { at-end: stuck, equals: 0 }, { at-end: decided-everywhere, equals: 24 }]
`,
    args: [],
  },
  {
    name: 'more than they can pay for',
    text: `
name: poor
nodes: 4${HEAD}
  duration: 20s
  purchases: [{ loop: round-robin, count: 32, mode: strict, service: espresso }]
checks: [invariant: default]
`,
    args: ['--set', 'dcoinRewardUnits=1'],
  },
  {
    name: 'two nodes that crash and keep their databases',
    text: `
name: crash
nodes: 8${HEAD}
  duration: 13s
  purchases:
    - { id: before, at: [500ms, 900ms, 1300ms], buyers: [1, 7, 3], service: espresso }
    - { id: meanwhile, at: [3s, 3400ms], buyers: [1, 2], service: espresso }
    - { id: after, at: [11s, 11400ms, 11800ms], buyers: [7, 8, 1], service: Tea }
timeline:
  - { id: cut, at: 2s, crash: { nodes: 7-8, database: kept }, for: 2s }
checks: [invariant: default, { at-end: stuck, equals: 0 }, { at-end: decided-everywhere, equals: 8 }]
`,
    args: NO_REWARD,
  },
  {
    name: 'a node that crashes and loses its database',
    text: `
name: crash-lost
nodes: 8${HEAD}
  duration: 13s
  purchases:
    - { id: before, at: [500ms, 900ms, 1300ms], buyers: [1, 2, 3], service: espresso }
    - { id: meanwhile, at: [3s], buyers: [1], service: espresso }
    - { id: after, at: [11s, 11400ms, 11800ms], buyers: [2, 4, 1], service: Tea }
timeline:
  - { id: cut, at: 2s, crash: { nodes: 8, database: lost }, for: 2s }
checks: [invariant: default]
`,
    args: NO_REWARD,
  },
  shipped('split-5-3'),
  shipped('split-6-2'),
  shipped('one-way-cut'),
  shipped('equivocators'),
  shipped('equivocators-above-bound'),
  shipped('double-request'),
  {
    name: 'double-request under ref-c',
    text: null,
    args: ['--profile', 'ref-c', ...NO_REWARD],
    leftVotesRace: true,
  },
  shipped('broker-restart-kept'),
  shipped('quorum-rounding-3'),
];

export function performed(
  { name, text, args }: ContractScenario,
  ...runtime: readonly string[]
): Promise<PerformedRun> {
  const all = ['--runtime', ...runtime, ...args];
  return text === null ? PerformedRun.shipped(name.split(' ')[0]!, ...all) : PerformedRun.of(text, ...all);
}
