/**
 * The shipped attacks with another number of attackers: nodes, behaviours and faults are those of the shipped file, the
 * number of attackers is changed, and the load is one for all, so that attacks can be set side by side: the honest nodes
 * among eight buy before the attack of the moment (a double request) and after it. What comes out is the text of a scenario file, so that whoever wants
 * to see one of these runs can run it by itself.
 */
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { scenarioFile } from '../scenario/scenario-files.ts';

export const NODES = 8;
/** Orders of the honest nodes together in each run: half of them before the attack of the moment, half after it. */
export const ORDERS = 24;
export const ATTACKERS_MAX = 4;
/** Attacks that last begin with the load; those of a moment are here, where nobody else buys. */
const ATTACK_AT = '4s';
/** A fault of the network beside the attack begins at 3 s, and is over before the second half of the orders. */
const NETWORK_FAULT_FOR = '2s';
/** Each purchase is 10 units; a voter is rewarded with as much. */
const FUNDS_UNITS = 80;

type Part = Readonly<Record<string, unknown>>;

interface WrittenNodes {
  readonly [group: string]: Part;
}

export interface Attack {
  /** [a-z0-9-]. */
  readonly id: string;
  /** As people call it. */
  readonly title: string;
  /** Of the shipped scenario that it is taken from. */
  readonly scenario: string;
  /** What an attacker does, in a few words. */
  readonly about: string;
  /** Numbers of attackers that it makes sense with; the first is 0. */
  readonly counts: readonly number[];
  /** What differs from the shipped file where there are `attackers` > 0. */
  readonly changed: (shipped: WrittenNodes, attackers: number) => Changed;
}

interface Changed {
  readonly nodes: Part;
  /** Beside those of the honest nodes. */
  readonly purchases?: readonly Part[];
}

const ALL_COUNTS = [0, 1, 2, 3, 4] as const;

/** Attackers are the last seats, and all that they are is in one group of the shipped file. */
function ofGroup(group: string, instead: Part = {}): Attack['changed'] {
  return (nodes, attackers) => ({
    nodes: { gateways: NODES - attackers, [group]: { ...nodes[group], ...instead, count: attackers } },
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** Two sides of seats `from` to `to`, the first the larger one. */
function halves(from: number, to: number): readonly [number[], number[]] {
  const middle = from + Math.ceil((to - from + 1) / 2) - 1;
  return [range(from, middle), range(middle + 1, to)];
}

/** The behaviour `kind` of a group, with other sides. */
function withSides(group: Part, kind: string, sides: readonly (readonly number[])[]): Part {
  const behaviours = (group.behaviours as readonly Part[]).map((behaviour) =>
    Object.hasOwn(behaviour, kind) ? { ...behaviour, [kind]: { ...(behaviour[kind] as Part), sides } } : behaviour,
  );
  return { ...group, behaviours };
}

export const ATTACKS: readonly Attack[] = [
  {
    id: 'silent',
    title: 'silent voters',
    scenario: 'quorum-rounding-2',
    about: 'never vote',
    counts: ALL_COUNTS,
    changed: ofGroup('silent'),
  },
  {
    id: 'false-votes',
    title: 'false votes',
    scenario: 'quorum-rounding-2',
    about: 'vote for a Remaining that is off by a unit, in place of keeping silent',
    counts: ALL_COUNTS,
    changed: (_, attackers) => ({
      nodes: {
        gateways: NODES - attackers,
        liars: { count: attackers, behaviours: [{ 'wrong-remaining': { byUnits: 1 } }] },
      },
    }),
  },
  {
    id: 'equivocators',
    title: 'equivocators',
    scenario: 'equivocators',
    about: 'vote for both of two requests that a double spender, another of the eight, makes on one State',
    counts: ALL_COUNTS,
    changed: (nodes, attackers) => {
      const sides = halves(2, NODES - attackers);
      return {
        nodes: {
          spender: withSides(nodes.spender!, 'double-spender', sides),
          gateways: NODES - 1 - attackers,
          equivocators: { ...withSides(nodes.equivocators!, 'equivocating-voter', sides), count: attackers },
        },
        purchases: [{ id: 'attack', at: ATTACK_AT, buyers: 'spender', service: 'espresso' }],
      };
    },
  },
  {
    id: 'double-request',
    title: 'double request',
    scenario: 'double-request',
    about: 'ask for two things on one State, told to the two halves in opposite order',
    // With four spenders there is nobody left on one side.
    counts: [0, 1, 2, 3],
    changed: (nodes, attackers) => ({
      nodes: {
        spender: {
          ...withSides(nodes.spender!, 'double-spender', [range(attackers + 1, 4), range(5, NODES)]),
          count: attackers,
        },
        gateways: NODES - attackers,
      },
      purchases: [
        { id: 'double', at: range(1, attackers).map(() => ATTACK_AT), buyers: 'spender', service: 'espresso' },
      ],
    }),
  },
  {
    id: 'twins',
    title: 'twins',
    scenario: 'twins',
    about: 'are there twice with one identity, and buy at both places at once',
    counts: ALL_COUNTS,
    changed: (_, attackers) => {
      const ids = range(NODES - attackers + 1, NODES);
      const both = { at: ids.map(() => ATTACK_AT), mode: 'force' };
      return {
        nodes: { gateways: NODES - attackers, doubled: attackers, clone: { role: 'twin', of: ids } },
        purchases: [
          { id: 'one', ...both, buyers: ids, service: 'espresso' },
          { id: 'other', ...both, buyers: ids.map((id) => `${id}b`), service: 'Tea' },
        ],
      };
    },
  },
  {
    id: 'vote-stuffing',
    title: 'vote stuffing',
    scenario: 'vote-stuffing',
    about: 'send each vote eleven times',
    counts: ALL_COUNTS,
    changed: ofGroup('stuffers'),
  },
  {
    id: 'stale-votes',
    title: 'stale votes',
    scenario: 'stale-and-replayed',
    about: 'vote on the State before the current one',
    counts: ALL_COUNTS,
    changed: ofGroup('stale'),
  },
  {
    id: 'replayed',
    title: 'replayed messages',
    scenario: 'stale-and-replayed',
    about: 'send everything that they saw twice more',
    counts: ALL_COUNTS,
    changed: ofGroup('replayer'),
  },
  {
    id: 'fake-sensors',
    title: 'fake sensors',
    scenario: 'denominator-inflation',
    about: 'share data in the names of four wallets that are none',
    counts: ALL_COUNTS,
    changed: ofGroup('inflater'),
  },
  {
    id: 'weak-work',
    title: 'votes without work',
    scenario: 'spam',
    about: 'vote with work that misses the difficulty',
    counts: ALL_COUNTS,
    changed: ofGroup('idler'),
  },
  {
    id: 'sensor-spam',
    title: 'sensor spam',
    scenario: 'spam',
    about: 'share a hundred sensor transactions a second',
    counts: ALL_COUNTS,
    changed: ofGroup('spammer'),
  },
  {
    id: 'hostile-input',
    title: 'hostile input',
    scenario: 'hostile-input',
    about: 'send what is no message twenty times a second',
    counts: ALL_COUNTS,
    changed: ofGroup('hostile'),
  },
];

/** Text of the scenario; with 0 attackers there is none of the group, and the rest of the file is as it was. */
export function attackScenario(attack: Attack, attackers: number): string {
  const shipped = parse(readFileSync(scenarioFile(attack.scenario)!, 'utf8')) as {
    readonly parameters?: Part;
    readonly nodes: WrittenNodes;
    readonly timeline?: readonly Part[];
  };
  const { timeline = [] } = shipped;
  const { nodes, purchases = [] }: Changed =
    attackers === 0 ? { nodes: { gateways: NODES } } : attack.changed(shipped.nodes, attackers);
  return stringify({
    name: `${attack.id}-${attackers}-of-${NODES}`,
    description: `${attackers} of ${NODES} nodes ${attack.about}. Made of ${attack.scenario}.`,
    ...(shipped.parameters === undefined ? {} : { parameters: shipped.parameters }),
    // Of simulated runs; others leave it alone.
    simulation: { network: 'wifi-144', broker: 'total-order', pace: 'pi3bplus' },
    nodes,
    workload: {
      duration: '9s',
      endsEarly: false,
      settle: '6s',
      sensors: 'none',
      funds: FUNDS_UNITS,
      purchases: [
        { id: 'before', count: ORDERS / 2, from: '0s', until: '3s', buyers: 'gateways', service: 'espresso' },
        { id: 'after', count: ORDERS / 2, from: '5500ms', until: '8s', buyers: 'gateways', service: 'espresso' },
        ...purchases,
      ],
    },
    ...(timeline.length === 0 ? {} : { timeline: timeline.map((fault) => ({ ...fault, for: NETWORK_FAULT_FOR })) }),
    // What an attack can break; the shipped files say what is expected of it.
    checks: [{ invariant: ['I1', 'I2'], evidence: 0 }],
  });
}
