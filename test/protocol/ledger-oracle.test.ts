/** Random schedules, the state machine beside a dumb second implementation: after every delivery they must agree. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MessageHead, Request, SensorTransaction, Vote } from '../../node/protocol/message.ts';
import { CoreWorld, claimedSender, nativeHash } from '../support/core-world.ts';
import { DumbLedger } from '../support/dumb-ledger.ts';

const N = 5;

type Move =
  | { readonly kind: 'sensor'; readonly from: number; readonly to: number }
  | {
      readonly kind: 'request';
      readonly by: number;
      readonly price: number;
      readonly time: number;
      readonly seenBy: number;
      readonly unknown: number;
      readonly to: number;
    }
  | { readonly kind: 'deliver'; readonly pick: number; readonly to: number }
  | {
      readonly kind: 'forge';
      readonly voter: number;
      readonly pick: number;
      readonly remaining: number;
      readonly to: number;
    };

const node = fc.integer({ min: 1, max: N });
const receivers = fc.integer({ min: 1, max: 2 ** N - 1 });
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sensor' as const), from: node, to: receivers }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      by: fc.integer({ min: 1, max: 2 }),
      price: fc.integer({ min: 0, max: 3 }),
      time: fc.integer({ min: 0, max: 3 }),
      seenBy: node,
      // Half of the requests are on one of seven States that nobody has heard of.
      unknown: fc.integer({ min: -7, max: 6 }),
      to: receivers,
    }),
  },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('deliver' as const), pick: fc.nat(), to: receivers }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('forge' as const),
      voter: node,
      pick: fc.nat(),
      remaining: fc.integer({ min: 0, max: 4 }),
      to: receivers,
    }),
  },
);

function agree(world: CoreWorld, dumb: DumbLedger, at: string): void {
  const snapshot = world.node(at).snapshot();
  const purses = [...dumb.wallets].map(([id, p]) => [id, p.units, p.state]);
  assert.deepEqual(snapshot.wallets.map((w) => [w.id, w.units, w.stateHash]).sort(), purses.sort());
  assert.deepEqual(
    snapshot.requests.map((r) => r.id),
    dumb.requests.map((r) => r.id),
  );
  assert.deepEqual(
    snapshot.votes.map((v) => [v.voter, v.group]),
    dumb.votes.map((v) => [v.voter, v.group]),
  );
}

for (const rules of ['paper', 'ref-c'] as const) {
  describe(`${rules} beside the dumb ledger`, () => {
    it('has the same wallets, rows and votes after every delivery (R-06..R-13)', () => {
      let decisions = 0;
      fc.assert(
        fc.property(fc.array(move, { minLength: 40, maxLength: 250 }), (moves) => {
          const world = new CoreWorld({ profile: rules, n: N, units: 12 });
          const dumb = new Map(world.members.map((id) => [id, new DumbLedger(id, rules, N, 12)]));
          const pool: MessageHead[] = [];
          const send = (message: MessageHead, mask: number) => {
            for (const id of world.members) {
              if ((mask & (1 << (Number(id) - 1))) === 0) continue;
              const effects = world.deliver(message, id, claimedSender(message));
              decisions += effects.filter((e) => e.kind === 'settled').length;
              const ledger = dumb.get(id)!;
              if (message.kind === 'sensor') ledger.sensor(message as SensorTransaction);
              else if (message.kind === 'request') ledger.request(message as Request);
              else ledger.vote(message as Vote);
              agree(world, ledger, id);
              const voted = effects
                .filter((e) => e.kind === 'voted')
                .map((e) => [e.requester, e.requestId, e.remainingUnits]);
              assert.deepEqual(ledger.cast.splice(0), voted);
            }
            pool.push(...world.take());
          };
          for (const m of moves) {
            if (m.kind === 'sensor') send(world.sensor(String(m.from)), m.to);
            else if (m.kind === 'request') {
              const known = world.wallet(String(m.seenBy), String(m.by)).stateHash;
              const state = m.unknown < 0 ? known : nativeHash(`unknown ${m.unknown}`);
              const request = world.request({ requester: String(m.by), priceDcoins: m.price, time: m.time, state });
              pool.push(request);
              send(request, m.to);
            } else if (m.kind === 'deliver') {
              if (pool.length > 0) send(pool[m.pick % pool.length]!, m.to);
            } else {
              const requests = pool.filter(
                (p): p is Request => p.kind === 'request' && (p as Request).requester !== String(m.voter),
              );
              const request = requests[m.pick % Math.max(1, requests.length)];
              if (request !== undefined) send(world.vote(String(m.voter), request, 5 * m.remaining), m.to);
            }
          }
        }),
        { seed: 20201, numRuns: 250 },
      );
      assert.ok(decisions > 200, `the schedules must decide something, they decided ${decisions}`);
    });
  });
}
