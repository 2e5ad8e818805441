/** Every bound of the dashboard, in one place. */

export const LIMITS = {
  // --- what is kept of the lab's life
  requestsKept: 500,
  messagesKept: 2000,
  walletChangesKept: 200,
  faultsKept: 200,
  faultsActive: 64,
  latenciesKept: 500,
  idempotencyKeysKept: 1000,
  runsListed: 200,
  /** Characters of a text field of a message. */
  fieldCharacters: 200,
  /** Elements of a list in a message. */
  fieldElements: 64,
  // --- frames
  frameMs: 250,
  messagesPerFrame: 100,
  /** Bytes that wait for one reader; beyond, it gets the newest state once they have gone. */
  readerBytes: 256 * 1024,
  /** A reader that has taken nothing for so long is gone. */
  readerMs: 30_000,
  heartbeatMs: 15_000,
  retryMs: 1000,
  /** A request that is not decided everywhere after so long is looked at: why. */
  stuckAfterMs: 5000,
  stuckLookMs: 1000,
  /** How often nodes are asked for their own view while somebody looks; more nodes, less often. */
  reportMs: 5000,
  reportMsPerNode: 200,
  // --- the server
  bodyBytes: 65_536,
  connections: 512,
  readers: 128,
  changesPerSecond: 20,
  changesAtOnce: 40,
  pageBytes: 4 * 1024 * 1024,
} as const;
