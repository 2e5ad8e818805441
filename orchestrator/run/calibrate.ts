/**
 * How fast this machine searches for nonces, by the node's own search: the one figure by which machines, boards and
 * load are told apart before their results are compared.
 */
import { searchNonceNatively } from '../../node/host/native-search.ts';

const TURNS = 5;
const HASHES_PER_TURN = 20_000;
/** Never satisfied within a turn: each hashes just as often. */
const DIFFICULTY = 7;
/** Of the length of a vote's preimage. */
const PREFIX = `node-3node-9Nespresso21767225600${'0'.repeat(64)}90`;

/** Hashes a second, the best of a few turns: what else runs on the machine makes it slower, nothing makes it faster. */
export function measureHashRate(): number {
  let best = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const begunMs = performance.now();
    searchNonceNatively(PREFIX, DIFFICULTY, 100_000 + turn * HASHES_PER_TURN, HASHES_PER_TURN);
    best = Math.max(best, (1000 * HASHES_PER_TURN) / (performance.now() - begunMs));
  }
  return Math.round(best);
}
