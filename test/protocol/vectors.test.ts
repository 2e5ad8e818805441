/** What the reference implementation computed, line by line; where it is not followed: D-07, D-14. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compactCodec } from '../../node/protocol/codec-compact.ts';
import { sha256Hex } from '../../node/protocol/hash.ts';
import type { RequestBody } from '../../node/protocol/message.ts';
import { makeVote } from '../../node/protocol/paper-messages.ts';
import { dcoinText, NO_DCOIN, nextState, requestId, workPrefix } from '../../node/protocol/preimage.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { verifyMessage } from '../../node/protocol/verify.ts';
import { openWallet } from '../../node/protocol/wallet.ts';
import { satisfiesDifficulty, searchNonce } from '../../node/protocol/work.ts';

/** A line of test/vectors/reference.jsonl that is not a plain hash; the fields are told in the README there. */
interface Transaction {
  readonly kind: 'request' | 'vote' | 'odd';
  readonly note: string;
  readonly subscriber: string;
  readonly publisher: string;
  readonly smartContract: string;
  readonly price: number;
  readonly time: number;
  readonly prevState: string;
  readonly dcoin: number;
  readonly difficulty: number;
  readonly powNonce: number;
  readonly powPreimage: string;
  readonly powPreimageHex: string;
  readonly powHash: string;
  readonly checkLightPoW: number;
  readonly statePreimage: string;
  readonly newState: string;
  readonly newStateStoredByUpdate_Wallet: string;
  readonly newCounterStored: string;
}

type Line = Transaction | { readonly kind: 'sha256'; readonly input: string; readonly hash: string };

const RATE = 5;
const WRAPPED = 'dcoin int32 min (counter overflows)';
const NOT_STORED = 'quote in publisher: the SQL of Update_Wallet fails, nothing stored';

/** What the decoder of the reference's own wire says of each odd line: the field it refuses, or null for a message. */
const REFUSED_FIELD: Record<string, string | null> = {
  'all empty': 'voter',
  'empty publisher': 'requester',
  'empty smart contract': 'service',
  'negative price': 'priceDcoins',
  'time 0': null,
  'time int32 max': null,
  'time wraps to int32 min': null,
  'dcoin -1': null,
  [WRAPPED]: 'remainingUnits',
  'dcoin*5 near int32 max': null,
  'empty prevState': 'state',
  'uppercase F state': 'state',
  'UTF-8 names': 'voter',
  'NFD vs NFC e-acute are different bytes': 'voter',
  'spaces and tab': 'voter',
  'quote in subscriber': 'voter',
  [NOT_STORED]: 'requester',
  "32-byte ids as in the paper's 144-byte transaction": null,
  '64-char ids: preimage longer than 4 SHA blocks': 'voter',
};

const text = readFileSync(new URL('../vectors/reference.jsonl', import.meta.url), 'utf8');
const lines = text
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);
const transactions = lines.filter((line) => line.kind !== 'sha256');

const named = namedProfile({ profile: 'ref-c', parameters: {}, members: [], catalogue: null });
assert.ok(named.ok);
const reference = named.profile;

const bodyOf = (line: Transaction): RequestBody => ({
  requester: line.publisher,
  service: line.smartContract,
  priceDcoins: line.price,
  time: line.time,
  state: line.prevState,
});

test('the file has its 44 lines, and each is checked below', () => {
  const counts = { request: 0, vote: 0, odd: 0, sha256: 0 };
  for (const { kind } of lines) counts[kind]++;
  assert.deepEqual(counts, { request: 8, vote: 11, odd: 19, sha256: 6 });
  assert.equal(lines.length, 44);
  const odd = transactions.filter((line) => line.kind === 'odd').map((line) => line.note);
  assert.deepEqual(odd.toSorted(), Object.keys(REFUSED_FIELD).toSorted());
});

for (const [index, line] of lines.entries()) {
  const name = `line ${index + 1}, ${line.kind}`;
  if (line.kind === 'sha256') {
    test(`${name}: ${line.input}`, () => {
      const count = Number(/^a x (\d+)$/.exec(line.input)![1]);
      assert.equal(sha256Hex('a'.repeat(count)), line.hash);
    });
    continue;
  }

  test(`${name}: the work's preimage, nonce and hash (${line.note})`, () => {
    const prefix = workPrefix(line.subscriber, bodyOf(line), String(line.dcoin));
    assert.equal(prefix + line.powNonce, line.powPreimage);
    assert.equal(Buffer.from(line.powPreimage, 'utf8').toString('hex'), line.powPreimageHex);
    assert.equal(searchNonce(prefix, line.difficulty, sha256Hex), line.powNonce);
    assert.equal(sha256Hex(prefix + line.powNonce), line.powHash);
    assert.equal(satisfiesDifficulty(line.powHash, line.difficulty), true);
    assert.equal(line.checkLightPoW, 0, 'the reference took it as valid');
  });

  test(`${name}: the next State and its preimage (${line.note})`, () => {
    const hashed: string[] = [];
    const recording = (preimage: string): string => {
      hashed.push(preimage);
      return sha256Hex(preimage);
    };
    assert.equal(nextState(bodyOf(line), String(line.dcoin), 'lower', recording), line.newState);
    assert.deepEqual(hashed, [line.statePreimage]);
  });

  test(`${name}: the wallet that the reference stored (${line.note})`, () => {
    const units = line.dcoin * RATE;
    assert.equal(dcoinText(units, reference.parameters), String(line.dcoin));
    const vote = makeVote(line.subscriber, bodyOf(line), units, line.powNonce, sha256Hex);
    const settlement = reference.settle(openWallet(line.publisher, 0), vote, null);
    assert.equal(settlement?.wallet.stateHash, line.newState);
    assert.equal(settlement?.wallet.units, units);

    if (line.note === NOT_STORED) {
      assert.deepEqual([line.newStateStoredByUpdate_Wallet, line.newCounterStored], ['', '']);
    } else if (line.note === WRAPPED) {
      assert.equal(line.newStateStoredByUpdate_Wallet, line.newState);
      assert.equal(line.newCounterStored, '-2147483648');
      assert.equal(settlement?.wallet.units, -10_737_418_240, 'not wrapped');
    } else {
      assert.equal(line.newStateStoredByUpdate_Wallet, line.newState);
      assert.equal(String(settlement?.wallet.units), line.newCounterStored);
    }
  });

  test(`${name}: what the decoder and the checks make of its text form (${line.note})`, () => {
    const { subscriber, publisher, smartContract, price, time, prevState, dcoin, powNonce } = line;
    const wire = [subscriber, publisher, smartContract, price, time, prevState, dcoin, powNonce].join('_');
    const decoded = reference.codec.decode(Buffer.from(wire), 'consensus');
    const refused = line.kind === 'odd' ? REFUSED_FIELD[line.note] : null;
    if (refused !== null) {
      assert.ok(!decoded.ok, 'decoded');
      assert.deepEqual([decoded.malformed.code, decoded.malformed.where], ['bad-field', refused]);
      return;
    }
    assert.ok(decoded.ok, JSON.stringify(decoded));
    const { message } = decoded;
    assert.equal(message.kind, line.kind === 'odd' ? 'vote' : line.kind);
    assert.deepEqual(verifyMessage(reference, message, null), { ok: true, message });
    assert.equal(Buffer.from(reference.codec.encode(message)).toString(), wire);
    if (message.kind === 'request') assert.equal(String(line.dcoin), NO_DCOIN);
  });
}

test('lines with one preimage are different requests: identities are unambiguous where works are not', () => {
  const [first, second, third] = ['12', '1', '1'].map((subscriber, i) => {
    const publisher = ['34', '234', '2'][i]!;
    const line = transactions.find((each) => each.subscriber === subscriber && each.publisher === publisher);
    assert.ok(line !== undefined, `${subscriber}, ${publisher}`);
    return line;
  }) as [Transaction, Transaction, Transaction];
  assert.equal(first.powPreimage, second.powPreimage);
  const ids = [first, second, third].map((line) => requestId(bodyOf(line), sha256Hex));
  assert.equal(new Set(ids).size, 3);
  const moved = { ...bodyOf(third), service: 'Nespresso', priceDcoins: 21, time: 600_000_000 };
  assert.equal(nextState(moved, '5', 'lower', sha256Hex), third.newState, "a price may swallow the name's last digit");
  assert.notEqual(requestId(moved, sha256Hex), requestId(bodyOf(third), sha256Hex));
});

test("ids of 32 bytes make the paper's vote of 144 bytes", () => {
  const line = transactions.find((each) => each.note.startsWith('32-byte ids'));
  assert.ok(line !== undefined);
  const codec = compactCodec({ idBytes: 32, timeMin: 0, hash: sha256Hex });
  const vote = makeVote(line.subscriber, bodyOf(line), line.dcoin * RATE, line.powNonce, sha256Hex);
  const wire = codec.encode(vote);
  assert.equal(wire.length, 144);
  assert.deepEqual(codec.decode(wire, 'consensus'), { ok: true, message: vote });
});
