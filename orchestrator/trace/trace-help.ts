/** What `wallance trace` takes, for people: the command line and the format of a schedule. */

export const TRACE_USAGE = 'usage: wallance trace FILE.yaml [--json]';

export const TRACE_HELP = `${TRACE_USAGE}

Runs a hand-written message schedule against n cores and nothing else: no network, no clock, no disk. Nothing is
delivered unless a step says so, and the same file always gives the same run. Ends with 0 when everything it expects
holds, 1 when something does not, 64 when the file is wrong.

A file (what is in brackets may be left out, with this effect):
  profile: ref-c                      [paper] paper, ref-c, ref-dds or ref-py
  parameters: { dcoinRate: 2 }        [those of the profile] single ones, by name
  nodes: 8                            members "1".."8"
  wallets: 23                         [none, or 0 units each] units in every wallet on every node, or { 1: 23, 2: 0 }
  known: { 8: [1, 8] }                [all] wallets that a node has (profiles that count the wallets they have seen)
  services: { Nespresso: 2 }          [any service at its price] the catalogue
  steps:                              in this order

Steps that make a message:
  - request: { name: A, requester: 1, service: Nespresso, priceDcoins: 2 }
        time: [seconds of virtual time]   state: [the requester's own view] genesis or 64 digits   nonce: [searched]
  - order: { name: B, node: 1, service: Tea, priceDcoins: 1, mode: wait }
        the node makes the request itself; mode: [strict], wait, force
  - vote: { name: V, voter: ghost0, for: A, remainingUnits: 5000000 }          nonce: [searched]
        a forged vote; delivered by its name, not counted as cast

Steps that deliver; each with \`to: all\` or a list, \`times: 3\` [1], \`as: 8\` [the id in the message] for the sender:
  - { deliver: A, to: [2, 3, 4] }
  - { deliver: votes, for: A, to: all }
        votes that nodes have cast; from: [2, 3] [all, in order of id], remainingUnits: 10, round: 2 select among them
  - { sensor: { from: 1, count: 4 }, to: all }
  - { raw: { topic: consensus, text: "a_b_c" }, to: all }
        topic: consensus or sensor; text or base64; the sender is nobody unless \`as\` is given

Other steps:
  - { advance: 2000 }                                  milliseconds of virtual time
  - { crash: { node: 3, when: after-persist } }        [now]; after-persist: when it next stores and sends, in between
  - { restart: { node: 3, database: kept } }           or lost

  - expect: { nodes: [2, 3], wallet: 1, units: 10, stateHash: 69a5f0d9, decided: { 1: A } }
        at each of \`nodes\` [all]: wallet with units or stateHash (8 to 64 digits, or genesis); decided, null for nothing;
        storedVotes, storedRequests, wallets (how many it knows), quorum; rejected: [late] (seen so far, [] none) or
        { late: 2 } (exactly these)
        in all: votesFor: { A: 7 } or { A: { 10: 4, 15: 3 } } by remaining units; services: { 1: ["1_<state>_1000"] }
        with <state> and <genesis>; nonce, powHash: { A: ... }; voteNonces: { A: { 2: 24 } }; orders: { B: queued }

--json prints messages, votes cast, what each node holds, decided, refused and started, and the expectations.
`;
