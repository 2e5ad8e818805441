/** What link rules do to copies, by themselves: on a clock that the test moves, without a broker. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { labPrefix } from '../../node/host/fabric-topics.ts';
import { IDLE_RULE, type LinkRule } from '../../orchestrator/fabric/link-rule.ts';
import { linkRuleProblems } from '../../orchestrator/fabric/link-rule-problems.ts';
import { type LinkDecision, LinkRules } from '../../orchestrator/fabric/link-rules.ts';
import { MessageClassifier } from '../../orchestrator/fabric/message-class.ts';
import { Parcel } from '../../orchestrator/fabric/parcel.ts';
import { eventually } from '../support/waiting.ts';

const LAB = 'links';
const PREFIX = labPrefix(LAB);
const WIRE = { codec: 'compact', idBytes: 8 } as const;
const VOTE_BYTES = 3 * 8 + 48;
const REQUEST_BYTES = 2 * 8 + 44;

interface Passed {
  readonly to: string;
  readonly number: number;
  readonly atMs: number;
  readonly payload: Uint8Array;
}

/** A rule set on a clock of its own; `send` sends the next message of that length. */
class World {
  nowMs = 1000;
  readonly passed: Passed[] = [];
  readonly decisions: LinkDecision[] = [];
  readonly links: LinkRules;
  dropped = 0;
  active = false;
  #number = 0;

  constructor(rules: readonly Partial<LinkRule>[] = [], seed = 'seed') {
    this.links = new LinkRules({
      seed,
      classifier: new MessageClassifier(PREFIX, WIRE),
      now: () => this.nowMs,
      deliver: (to, parcel) => this.#pass(to, parcel),
      onOverflow: () => assert.fail('no bound was reached'),
      onActive: (active) => {
        this.active = active;
      },
    });
    this.links.onDecision = (decision) => this.decisions.push(decision);
    this.set(rules);
  }

  set(rules: readonly Partial<LinkRule>[]): void {
    this.links.set(rules.map((rule, index) => ({ ...IDLE_RULE, id: `r${index}`, ...rule })));
  }

  send(from: string, to: string, bytes = VOTE_BYTES, channel = 'consensus'): number {
    const number = this.#number++;
    const payload = Buffer.alloc(bytes);
    payload.writeUInt32BE(number);
    const node = from.split('/')[0];
    const parcel = new Parcel({ from, topic: `${PREFIX}${node}/${channel}`, payload, qos: 1 }, 'consensus');
    const out = this.links.forward(from, to, parcel, 1);
    if (out === null) this.dropped++;
    else if (out !== 'later') this.#pass(to, out);
    return number;
  }

  #pass(to: string, parcel: Parcel): void {
    const { payload } = parcel.message;
    this.passed.push({ to, number: Buffer.from(payload).readUInt32BE(), atMs: this.nowMs, payload });
  }

  /** Moves the clock on, in steps, until nothing is under way. */
  async settle(stepMs = 0.25): Promise<void> {
    await eventually(() => {
      this.nowMs += stepMs;
      return this.links.delayed === 0;
    }, 'everything under way to arrive');
  }

  get numbers(): number[] {
    return this.passed.map(({ number }) => number);
  }
}

const sent = (world: World, count: number, from = 'a', to = 'b'): number[] =>
  Array.from({ length: count }, () => world.send(from, to));

describe('decisions of link rules', () => {
  const RULES = [
    { drop: 0.2, duplicate: { probability: 0.3, copies: 1 } },
    { classes: ['vote'], corrupt: 0.3 } as const,
  ];
  const fates = (world: World, from: string, to: string) =>
    world.decisions
      .filter((decision) => decision.from === from && decision.to === to)
      .map(({ rule, messageClass, did }) => `${rule} ${messageClass} ${did.join('+')}`);

  it('are the same for the same seed, and others for another one', () => {
    const [one, two, three] = ['x', 'x', 'y'].map((seed) => {
      const world = new World(RULES, seed);
      sent(world, 300);
      return world;
    }) as [World, World, World];
    assert.deepEqual(one.decisions, two.decisions);
    assert.deepEqual(one.passed, two.passed);
    assert.notDeepEqual(one.decisions, three.decisions);
  });

  it('depend on nothing that other pairs, other classes and other rules do', () => {
    const alone = new World(RULES);
    for (let i = 0; i < 200; i++) alone.send('a', 'b');
    const among = new World([
      ...RULES,
      { id: 'another', drop: 0.5, delay: null },
      { id: 'first', corrupt: 1, from: ['c'] },
    ]);
    for (let i = 0; i < 200; i++) {
      among.send('c', 'b');
      among.send('a', 'b', REQUEST_BYTES);
      among.send('a', 'b');
      if (i % 3 === 0) among.send('b', 'a');
    }
    const own = (world: World) =>
      fates(world, 'a', 'b').filter((fate) => /^r[01] vote/.test(fate) && !fate.startsWith('r1'));
    assert.ok(own(alone).length > 50);
    assert.deepEqual(own(among), own(alone));
  });

  it('are drawn while a rule is off, and while another one drops the copy', () => {
    const steady = new World([{ drop: 0.4 }]);
    const flapping = new World([{ drop: 0.4, flapping: { onMs: 5, offMs: 5 } }]);
    const behind = new World([
      { id: 'before', drop: 0.5 },
      { id: 'r0', drop: 0.4 },
    ]);
    const dropped = (world: World, number: number) =>
      world.decisions.some(
        ({ rule, did }, index) => rule === 'r0' && did.includes('drop') && at(world, index) === number,
      );
    const at = (world: World, index: number) => marks.get(world)![index];
    const marks = new Map<World, number[]>([steady, flapping, behind].map((world) => [world, []]));
    for (let i = 0; i < 200; i++) {
      for (const world of [steady, flapping, behind]) {
        const before = world.decisions.length;
        world.send('a', 'b');
        for (let made = before; made < world.decisions.length; made++) marks.get(world)![made] = i;
        world.nowMs++;
      }
    }
    for (let i = 0; i < 200; i++) {
      assert.equal(dropped(behind, i), dropped(steady, i), `message ${i} behind another rule`);
      const on = i % 10 < 5;
      assert.equal(
        dropped(flapping, i),
        on && dropped(steady, i),
        `message ${i} of a rule that is ${on ? 'on' : 'off'}`,
      );
    }
    assert.equal(flapping.links.counts()[0]!.matched, 100);
  });

  it('go on where they were for a rule that stays, and begin anew for one that comes back', () => {
    const whole = new World(RULES);
    sent(whole, 200);
    const changed = new World(RULES);
    sent(changed, 100);
    changed.set([...RULES, { id: 'more', from: ['z'] }]);
    sent(changed, 100);
    assert.deepEqual(changed.decisions, whole.decisions);
    assert.deepEqual(changed.links.counts(), whole.links.counts());
    changed.set([]);
    assert.deepEqual(changed.links.counts(), []);
    changed.set(RULES);
    changed.decisions.length = 0;
    sent(changed, 200);
    assert.deepEqual(changed.decisions, whole.decisions);
  });

  it('go on in another process that is given the state', () => {
    const whole = new World(RULES);
    sent(whole, 200);
    const first = new World(RULES);
    sent(first, 90);
    const second = new World(RULES);
    second.links.resume(JSON.parse(JSON.stringify(first.links.state())));
    sent(second, 110);
    assert.deepEqual([...first.decisions, ...second.decisions], whole.decisions);
    assert.deepEqual(second.links.counts(), whole.links.counts());
  });
});

describe('what rules do', () => {
  it('drops, duplicates and damages the share that they say', () => {
    const world = new World([{ drop: 0.1, duplicate: { probability: 0.2, copies: 2 }, corrupt: 0.3 }]);
    const count = 4000;
    sent(world, count);
    const [{ matched, dropped, duplicated, corrupted }] = world.links.counts() as [
      ReturnType<LinkRules['counts']>[number],
    ];
    assert.equal(matched, count);
    assert.equal(world.dropped, dropped);
    assert.equal(world.passed.length, count - dropped + 2 * duplicated);
    // Five standard deviations of a binomial.
    const near = (seen: number, p: number, of: number) =>
      assert.ok(Math.abs(seen - p * of) < 5 * Math.sqrt(of * p * (1 - p)), `${seen} of ${of}, expected ${p}`);
    near(dropped, 0.1, count);
    near(duplicated, 0.2, count - dropped);
    near(corrupted, 0.3, count - dropped);
  });

  it('changes one byte of a copy, and leaves the other copies alone', () => {
    const world = new World([{ to: ['b'], corrupt: 1 }]);
    const payload = Buffer.alloc(VOTE_BYTES);
    const parcel = new Parcel({ from: 'a', topic: `${PREFIX}a/consensus`, payload, qos: 1 }, 'consensus');
    const positions = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const out = world.links.forward('a', 'b', parcel, 1);
      assert.ok(out instanceof Parcel);
      const changed = [...out.message.payload].flatMap((byte, at) => (byte === 0 ? [] : [at]));
      assert.equal(changed.length, 1);
      positions.add(changed[0]!);
      assert.equal(world.links.forward('a', 'c', parcel, 1), parcel);
    }
    assert.deepEqual(payload, Buffer.alloc(VOTE_BYTES));
    assert.equal(positions.size, VOTE_BYTES);
    const empty = new Parcel(
      { from: 'a', topic: `${PREFIX}a/consensus`, payload: Buffer.alloc(0), qos: 1 },
      'consensus',
    );
    assert.equal(world.links.forward('a', 'b', empty, 1), empty);
  });

  it('delays with the distribution that they say', async () => {
    const means: Record<string, [jitterMs: number, mean: number]> = {
      uniform: [4, 3],
      exponential: [2, 3],
      pareto: [1, 1 + 3],
    };
    for (const [kind, [ms, mean]] of Object.entries(means)) {
      const world = new World([
        { delay: { ms: 1, jitter: { kind: kind as 'uniform', ms } }, reorder: { probability: 1, holdMs: 0 } },
      ]);
      const delays: number[] = [];
      world.links.onDecision = ({ delayMs }) => delays.push(delayMs);
      sent(world, 4000);
      world.links.drain();
      assert.ok(Math.min(...delays) >= (kind === 'pareto' ? 2 : 1));
      delays.sort((a, b) => a - b);
      // The mean of a Pareto of this shape has no variance to bound it by; its median is ms * 2^(2/3).
      const seen = kind === 'pareto' ? delays[2000]! : delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
      const expected = kind === 'pareto' ? 1 + 2 ** (2 / 3) : mean;
      assert.ok(Math.abs(seen - expected) < 0.2, `${kind}: ${seen}, expected ${expected}`);
    }
  });

  it('keeps each pair in order under jitter, and pairs independent of each other', async () => {
    const world = new World([{ delay: { ms: 1.4, jitter: { kind: 'exponential', ms: 5 } } }]);
    const numbers: number[] = [];
    for (let i = 0; i < 200; i++) {
      numbers.push(world.send('a', 'b', i % 2 === 0 ? VOTE_BYTES : REQUEST_BYTES));
      world.send('a', 'c');
      world.nowMs += 0.1;
    }
    await world.settle();
    assert.deepEqual(
      world.passed.filter(({ to }) => to === 'b').map(({ number }) => number),
      numbers,
    );
    const order = world.passed.map(({ to }) => to).join('');
    assert.ok(/bbb/.test(order) && /ccc/.test(order), 'one pair runs ahead of the other at times');
  });

  it('keeps order when a slow link is healed, and lets what it does not match overtake', async () => {
    const world = new World([{ classes: ['vote'], delay: { ms: 50, jitter: null } }]);
    const slow = [world.send('a', 'b'), world.send('a', 'b')];
    const request = world.send('a', 'b', REQUEST_BYTES);
    world.set([]);
    assert.ok(world.active, 'copies are still under way');
    const after = world.send('a', 'b');
    await world.settle();
    assert.deepEqual(world.numbers, [request, ...slow, after]);
    assert.ok(world.passed.filter(({ number }) => slow.includes(number)).every(({ atMs }) => atMs >= 1050));
    assert.equal(world.active, false);
    const free = world.send('a', 'b');
    assert.equal(world.passed.at(-1)!.number, free);
  });

  it('holds copies back so that later ones overtake them', async () => {
    const world = new World([{ reorder: { probability: 0.2, holdMs: 3 } }]);
    for (let i = 0; i < 500; i++) {
      world.send('a', 'b');
      world.nowMs += 1;
    }
    await world.settle();
    assert.deepEqual(
      [...world.numbers].sort((a, b) => a - b),
      Array.from({ length: 500 }, (_, i) => i),
    );
    const late = world.numbers.filter((number, i) => world.numbers.slice(0, i).some((before) => before > number));
    const { reordered } = world.links.counts()[0]!;
    assert.ok(reordered > 60 && late.length > 40 && late.length <= reordered, `${reordered} held, ${late.length} late`);
  });

  it('lets a pair pass so many a second, one after the other', async () => {
    const world = new World([{ ratePerSecond: 100 }]);
    for (let i = 0; i < 5; i++) world.send('a', 'b');
    world.send('c', 'b');
    await world.settle(1);
    const times = world.passed.filter(({ number }) => number < 5).map(({ atMs }) => atMs);
    for (const [i, atMs] of times.entries()) assert.ok(atMs >= 1000 + 10 * i && atMs < 1003 + 10 * i, `${i}: ${atMs}`);
    assert.equal(world.passed.find(({ number }) => number === 5)!.atMs, 1000);
  });

  it('is in force for a while and not for another, from when it came', () => {
    const world = new World([{ drop: 1, flapping: { onMs: 20, offMs: 30 } }]);
    const through = Array.from({ length: 100 }, () => {
      const number = world.send('a', 'b');
      world.nowMs++;
      return world.numbers.includes(number);
    });
    assert.deepEqual(
      through,
      Array.from({ length: 100 }, (_, i) => i % 50 >= 20),
    );
  });

  it('adds delays up, and drops for one rule that does', async () => {
    const world = new World([{ delay: { ms: 10, jitter: null } }, { delay: { ms: 5, jitter: null } }]);
    world.send('a', 'b');
    await world.settle();
    assert.ok(world.passed[0]!.atMs >= 1015 && world.passed[0]!.atMs < 1016);
    world.set([{ delay: { ms: 10, jitter: null } }, { drop: 1 }]);
    world.send('a', 'b');
    assert.equal(world.dropped, 1);
  });
});

describe('what rules match', () => {
  const hits = (rule: Partial<LinkRule>, from: string, to: string, bytes?: number, channel?: string): boolean => {
    const world = new World([{ drop: 1, ...rule }]);
    world.send(from, to, bytes, channel);
    return world.dropped === 1;
  };

  it('seats, whatever connection beside the seat it is', () => {
    const rule = { from: ['a'], to: ['b'] };
    assert.ok(hits(rule, 'a', 'b'));
    assert.ok(hits(rule, 'a/phone', 'b/espresso'));
    assert.ok(!hits(rule, 'b', 'a'));
    assert.ok(!hits(rule, 'a', 'c'));
    assert.ok(!hits(rule, 'ab', 'b'));
  });

  it("a node's copy of its own message only where it is said so", () => {
    assert.ok(!hits({}, 'a', 'a'));
    assert.ok(!hits({ from: ['a'], to: ['a'] }, 'a', 'a/espresso'));
    assert.ok(hits({ self: true }, 'a', 'a'));
  });

  it('classes of messages, and canaries in any case', () => {
    assert.ok(hits({ classes: ['vote'] }, 'a', 'b'));
    assert.ok(!hits({ classes: ['vote'] }, 'a', 'b', REQUEST_BYTES));
    assert.ok(hits({ classes: ['request', 'sensor'] }, 'a', 'b', REQUEST_BYTES));
    assert.ok(hits({ classes: ['sensor'] }, 'a', 'b', 32, 'sensor'));
    assert.ok(hits({ classes: ['sensor'] }, 'a', 'b', 32, 'canary'));
    assert.ok(!hits({ classes: ['sensor'], to: ['c'] }, 'a', 'b', 32, 'canary'));
  });

  it('nothing at all costs nothing at all: there is nothing to do for a copy', () => {
    const world = new World();
    assert.equal(world.active, false);
    world.set([{}]);
    assert.equal(world.active, true);
    world.set([]);
    assert.equal(world.active, false);
  });
});

describe('rules that make no sense', () => {
  const SEATS = new Set(['a', 'b']);
  const problems = (rules: unknown) =>
    linkRuleProblems(rules, SEATS).map(({ path, expected, found }) => `${path}: expected ${expected}, got ${found}`);

  it('are refused with every problem at once', () => {
    const good = { ...IDLE_RULE, id: 'good' };
    assert.deepEqual(problems([good]), []);
    assert.deepEqual(
      problems([
        good,
        { ...good, from: ['c'], drop: 2 },
        { ...good, id: '', delay: { ms: -1, jitter: { kind: 'gauss', ms: 1 } }, classes: ['votes'] },
        null,
        { ...good, id: 'x', duplicate: { probability: 1, copies: 0 }, ratePerSecond: 0, flapping: { onMs: 5 } },
      ]),
      [
        'links[1].id: expected another id than the rules before it, got "good"',
        'links[1].from: expected null or seats, got "c"',
        'links[1].drop: expected number 0..1, got 2',
        'links[2].id: expected 1..64 characters, got ""',
        'links[2].classes: expected null or classes of messages, got "votes"',
        'links[2].delay.ms: expected number 0..3600000, got -1',
        'links[2].delay.jitter.kind: expected uniform, exponential or pareto, got "gauss"',
        'links[3]: expected an object, got null',
        'links[4].duplicate.copies: expected integer 1..100, got 0',
        'links[4].ratePerSecond: expected number 0.0003..1000000, got 0',
        'links[4].flapping.offMs: expected number 1..3600000, got nothing',
      ],
    );
    assert.deepEqual(problems('none'), ['links: expected at most 4096 rules, got "none"']);
  });
});
