/**
 * A process that commits until it is killed, for the contract tests of the store:
 * `node store-writer.ts DIRECTORY DURABILITY IDENTITY-JSON`. It goes on from what the database holds. Each commit adds
 * a vote, removes the one 32 before, counts up a wallet and a lock, and journals a service run; its number is written
 * to stdout once `commit` has returned. Ends with a line `failed CODE` when a commit throws.
 */
import { writeSync } from 'node:fs';
import { SqliteStore } from '../../node/host/sqlite-store.ts';
import { StoreError } from '../../node/host/store.ts';

const [directory, durability, identity] = process.argv.slice(2) as [string, 'process' | 'power', string];
const store = new SqliteStore({ directory, durability, identity: JSON.parse(identity) });
const [, wallet] = store.load().wallets[0] ?? ['', { units: 0 }];
try {
  for (let number = (wallet as { units: number }).units + 1; ; number++) {
    store.commit(
      [
        { table: 'wallets', key: 'w', record: { units: number } },
        { table: 'votes', key: number, record: { number, filling: 'v'.repeat(500) } },
        { table: 'votes', key: number - 32, record: null },
        { table: 'locks', key: 'w', record: { number } },
      ],
      [{ key: `run ${number}`, service: 'espresso', argument: '', phase: 'ended', detail: '' }],
    );
    writeSync(1, `${number}\n`);
  }
} catch (error) {
  writeSync(1, `failed ${error instanceof StoreError ? error.code : error}\n`);
}
