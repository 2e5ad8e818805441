/** The invariants by number, as PROTOCOL.md states them. */
export const INVARIANTS = {
  I1: 'agreement: equal decisions on equal States',
  I2: 'no double spend: one request decided on a State',
  I3: 'chain: decisions form a prefix of one sequence, no State repeats',
  I4: 'the State is the hash of what was decided',
  I5: 'every counted message carries valid work',
  I6: 'every decision has a quorum of counted, equal votes',
  I7: 'one vote per requester and State, over all lives of a voter',
  I8: 'votes are valid at the voter: State, price, funds, Remaining',
  I9: 'balances change by sensor data, rewards and decisions only',
  I10: 'a service starts only at its buyer, after the decision',
  I11: 'a service starts at most once',
  I12: 'a decided purchase is served exactly once',
  I13: 'units are conserved over the network',
  I14: 'no mint: what is spent was earned, what is decided was voted by a correct node',
  I15: 'convergence: correct nodes end with equal States',
  I16: 'liveness: every funded request is decided in time',
  I17: 'rewards go to the winning group, once, as the rule says',
  I18: 'isolation and bounds: refused input changes nothing, rows stay bounded',
  I19: 'a lock survives a restart: the same vote is sent again',
  I20: 'evidence is sound and names no correct node',
} as const;

export type InvariantId = keyof typeof INVARIANTS;

export const INVARIANT_IDS = Object.keys(INVARIANTS) as readonly InvariantId[];
