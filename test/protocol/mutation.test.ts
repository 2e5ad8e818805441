/**
 * Hostile bytes against decoder, checks and state machine: nothing throws, what is refused changes nothing, and
 * what is accepted is valid by a second opinion. A failure names world and number of the message, which replay it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel, MessageHead, Request, Vote } from '../../node/protocol/message.ts';
import { GENESIS } from '../../node/protocol/message.ts';
import type { Effect } from '../../node/protocol/step.ts';
import { verify } from '../../node/protocol/verify.ts';
import { CoreWorld, claimedSender, type WorldOptions } from '../support/core-world.ts';
import { type DumbRules, isValid } from '../support/dumb-validity.ts';
import { type Boundaries, type Dice, dice, MUTATIONS } from '../support/message-mutations.ts';

const SEED = 0xd1ce;
const MESSAGES = 40_000;
/** After so many messages a new world is built, so that what was accepted does not pile up. */
const MESSAGES_PER_WORLD = 1000;
const MESSAGES_PER_PERIOD = 100;
const TARGET = '2';
const INT32_MIN = -(2n ** 31n);

const catalogue = new Map([
  ['Nespresso', 2],
  ['Thé ☕', 1],
  ['Palace', 1000],
]);
const prices = { Nespresso: 2n, 'Thé ☕': 1n, Palace: 1000n };

interface Setting {
  readonly world: WorldOptions;
  readonly rules: DumbRules;
}

const MEMBERS = ['1', '2', '3', '4', '5', '6', '7', '8'];
const REFERENCE = { members: null, senderChecked: false, unitsMin: INT32_MIN, timeMin: INT32_MIN, prices } as const;

const SETTINGS: Readonly<Record<string, Setting>> = {
  'paper, compact': {
    world: { profile: 'paper' },
    rules: {
      wire: 'compact',
      idBytes: 32,
      members: MEMBERS,
      senderChecked: true,
      unitsMin: 0n,
      timeMin: 0n,
      prices,
      print: 'units',
      upperCase: false,
    },
  },
  'ref-c, compact with ids of 16 bytes': {
    world: { profile: 'ref-c', parameters: { codec: 'compact', idBytes: 16 } },
    rules: { ...REFERENCE, wire: 'compact', idBytes: 16, print: 'dcoins', upperCase: false },
  },
  'ref-c, text': {
    world: { profile: 'ref-c' },
    rules: { ...REFERENCE, wire: 'text', idBytes: 32, print: 'dcoins', upperCase: false },
  },
  'ref-py, text': {
    world: { profile: 'ref-py' },
    rules: { ...REFERENCE, wire: 'text', idBytes: 32, print: 'decimal', upperCase: true },
  },
};

interface Sample {
  readonly bytes: Buffer;
  readonly channel: Channel;
  readonly sender: string;
}

/** Everybody's messages until nobody has more to say, polling profiles through some of their periods. */
function comeToRest(world: CoreWorld): void {
  for (let period = 0; period < 4; period++) {
    world.settle();
    if (world.profile.schedule.period === null) return;
    for (const id of world.members) world.feed(id, { kind: 'wake', name: 'period' });
  }
  world.settle();
}

/**
 * A world in the middle of its life, and messages that mean something to node 2 in it: decided and undecided
 * requests, votes for all of them, sensor data.
 */
function livingWorld(options: WorldOptions): { world: CoreWorld; samples: Sample[] } {
  const world = new CoreWorld({ ...options, n: 8, units: 53, catalogue });
  const decided = world.request();
  world.deliverAll(decided);
  comeToRest(world);
  const state = world.wallet(TARGET, '1').stateHash;
  assert.notEqual(state, GENESIS, 'the first request is decided');

  const requests: Request[] = [
    decided,
    world.request({ state, service: 'Thé ☕', priceDcoins: 1, time: 1001 }),
    world.request({ requester: '3', time: 1002 }),
    world.request({ requester: '4', service: 'Palace', priceDcoins: 1000, time: 1003 }),
    world.request({ requester: '5', time: 2_147_483_647 }),
    world.request({ requester: '3', service: 'Thé ☕', priceDcoins: 1, time: 1004 }),
    ...['12', '34', '56', '78', '90'].map((digits) =>
      world.request({ requester: '6', state: digits.repeat(32), time: 1005 }),
    ),
  ];
  const remaining = options.profile === 'paper' ? 43 : 40;
  const votes: Vote[] = [];
  for (const request of requests) {
    for (const voter of MEMBERS.filter((id) => id !== request.requester && id !== TARGET)) {
      votes.push(world.vote(voter, request, remaining));
      if (voter === '7') votes.push(world.vote(voter, request, remaining + 5));
    }
  }
  const sensors = MEMBERS.map((id) => ({ ...world.sensor(id), value: -2.5 }));

  // Node 2 has an undecided request of 3, one vote short of a decision, and has voted for it itself.
  world.deliver(requests[2]!, TARGET);
  for (const vote of votes.filter(({ requestId }) => requestId === requests[2]!.id).slice(0, 4))
    world.deliver(vote, TARGET);
  world.take();

  const samples = [...requests, ...votes, ...sensors].map((message: MessageHead) => ({
    bytes: Buffer.from(world.profile.codec.encode(message)),
    channel: message.kind === 'sensor' ? ('sensor' as const) : ('consensus' as const),
    sender: claimedSender(message),
  }));
  return { world, samples };
}

function boundariesOf(rules: DumbRules): Boundaries {
  if (rules.wire === 'text') {
    return (message) => [
      0,
      ...[...message.entries()].filter(([, byte]) => byte === 0x5f).map(([at]) => at + 1),
      message.length,
    ];
  }
  const w = rules.idBytes;
  return (message) => {
    if (message.length === 2 * w + 16) return [0, w, 2 * w, 2 * w + 4, 2 * w + 8, message.length];
    const names = message.length === 3 * w + 48 ? 3 : 2;
    const places = [0, 1, 2, 3].slice(0, names + 1).map((index) => index * w);
    for (let at = names * w + 32; at < message.length; at += 4) places.push(at);
    return [...places, message.length];
  };
}

/** Mostly the sender that the message claims; sometimes another, nobody, or a stranger. */
function anySender(sample: Sample, roll: Dice): string | null {
  return roll(10) > 0 ? sample.sender : [null, '7', 'ghost'][roll(3)]!;
}

function fingerprint(world: CoreWorld): string {
  return JSON.stringify(world.node(TARGET).snapshot());
}

const kindsOf = (effects: readonly Effect[]): string => effects.map((effect) => effect.kind).join(' ');

for (const [name, { world: options, rules }] of Object.entries(SETTINGS)) {
  test(`${name}: ${MESSAGES} mutated messages throw nothing, and the refused ones change nothing`, (t) => {
    const roll = dice(SEED);
    const mutations = Object.keys(MUTATIONS);
    const boundaries = boundariesOf(rules);
    const counts = new Map<string, number>();
    const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
    let { world, samples } = livingWorld(options);
    let before = fingerprint(world);

    for (let number = 0; number < MESSAGES; number++) {
      if (number > 0 && number % MESSAGES_PER_WORLD === 0) {
        ({ world, samples } = livingWorld(options));
        before = fingerprint(world);
      } else if (number % MESSAGES_PER_PERIOD === 0) {
        for (const effect of world.feed(TARGET, { kind: 'wake', name: 'period' })) count(effect.kind);
        before = fingerprint(world);
      }
      const sample = samples[roll(samples.length)]!;
      const other = samples[roll(samples.length)]!;
      const mutation = mutations[roll(mutations.length)]!;
      const bytes = MUTATIONS[mutation]!(sample.bytes, other.bytes, roll, boundaries);
      const channel = roll(20) > 0 ? sample.channel : 'sensor';
      const sender = anySender(sample, roll);
      const replay = (): string =>
        `message ${number} (${mutation}) on ${channel} from ${sender}: ${bytes.toString('hex').slice(0, 600)}`;

      const expected = isValid(rules, bytes, channel, sender);
      let effects: Effect[];
      try {
        const verification = verify(world.profile, bytes, channel, sender);
        if (verification.ok !== expected) {
          const said = verification.ok ? 'accepted' : JSON.stringify(verification.rejection);
          assert.fail(`${said}, the second opinion is ${expected}; ${replay()}`);
        }
        effects = verification.ok
          ? world.feed(TARGET, { kind: 'message', sender, message: verification.message })
          : world.feed(TARGET, { kind: 'refused', rejection: verification.rejection });
        // What the node says in answer must be sayable: an encoder that throws would be a remote crash.
        for (const message of world.take()) world.profile.codec.encode(message);
      } catch (error) {
        throw new Error(`thrown at ${replay()}`, { cause: error });
      }

      const after = fingerprint(world);
      if (!expected) {
        assert.equal(kindsOf(effects), 'rejected', replay());
        assert.equal(after, before, replay());
      } else if (options.profile === 'paper' && !effects.some((effect) => effect.kind === 'accepted')) {
        // Valid, and refused for what the ledger knows: late, duplicate, conflicting.
        assert.equal(kindsOf(effects), 'rejected', replay());
        assert.equal(after, before, replay());
      }
      before = after;
      if (expected) count('valid');
      if (mutation !== 'untouched' && expected) count('mutated and valid');
      for (const effect of effects) count(effect.kind === 'rejected' ? effect.rejection.code : effect.kind);
    }

    // The run means something only if it went down every path.
    const seen = (what: string): number => counts.get(what) ?? 0;
    const paths = [
      'valid',
      'mutated and valid',
      'accepted',
      'malformed',
      'oversized',
      'bad-field',
      'work-insufficient',
    ];
    if (options.profile === 'paper')
      paths.push('sender-mismatch', 'late', 'duplicate', 'conflicting', 'evicted', 'settled');
    else paths.push('unknown-service', 'settled', 'credited');
    const summary = JSON.stringify(Object.fromEntries(counts));
    for (const path of paths) assert.ok(seen(path) >= 20, `${path} was seen ${seen(path)} times: ${summary}`);
    t.diagnostic(summary);
  });
}
