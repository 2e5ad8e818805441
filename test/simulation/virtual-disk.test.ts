import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change } from '../../node/protocol/durable.ts';
import { VirtualDisk } from '../../node/simulation/virtual-disk.ts';

const wallet = (key: string, units: number): Change => ({ table: 'wallets', key, record: { units } });
const gone = (key: string): Change => ({ table: 'wallets', key, record: null });

describe('a virtual disk', () => {
  it('holds what was committed, in order of keys, and nothing of the records it was given', () => {
    const disk = new VirtualDisk();
    assert.ok(disk.empty);
    const record = { units: 1 };
    disk.commit([
      { table: 'votes', key: 10, record: { vote: 10 } },
      { table: 'votes', key: 9, record: { vote: 9 } },
      { table: 'wallets', key: 'b', record },
      wallet('a', 5),
    ]);
    disk.commit([gone('a'), wallet('a', 6)]);
    const first = disk.load();
    assert.deepEqual(first.votes, [
      [9, { vote: 9 }],
      [10, { vote: 10 }],
    ]);
    assert.deepEqual(first.wallets, [
      ['a', { units: 6 }],
      ['b', { units: 1 }],
    ]);
    assert.notEqual(first.wallets[1]![1], record);
    assert.ok(!disk.empty);
  });

  it('is empty when it was lost', () => {
    const disk = new VirtualDisk();
    disk.commit([wallet('a', 1)]);
    disk.lose();
    assert.ok(disk.empty);
    assert.deepEqual(disk.load().wallets, []);
  });

  it('takes back whole transactions, the last ones, as many as it keeps', () => {
    const disk = new VirtualDisk(2);
    disk.commit([wallet('a', 1), wallet('b', 1)]);
    disk.commit([wallet('a', 2), gone('b')]);
    disk.commit([wallet('c', 3)]);
    disk.rollBack(2);
    assert.deepEqual(disk.load().wallets, [
      ['a', { units: 1 }],
      ['b', { units: 1 }],
    ]);
    assert.throws(() => disk.rollBack(1), /0 transactions/);
  });
});
