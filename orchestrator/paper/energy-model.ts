/**
 * Energy of a decision, estimated: what the nodes of a real lab did for it, at the prices of the paper's board. No watt was
 * measured; each price is a constant with its source and a range, and a result is a range as well. Pure.
 */
import type { Cost } from './throughput-run.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Assumption extends Range {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly source: string;
}

const BOARD_SOURCE =
  'Pi Dramble power benchmarks of the 3B+: 350 mA (1.9 W) idle, 980 mA (5.1 W) with all four cores busy';

export const IDLE_WATTS = {
  id: 'idle',
  title: 'board at rest',
  low: 1.9,
  high: 2.1,
  unit: 'W',
  source: `${BOARD_SOURCE}; 2.1 W with what is plugged in`,
} as const satisfies Assumption;

export const BUSY_CORE_WATTS = {
  id: 'busy-core',
  title: 'a busy core, on top of that',
  low: 0.75,
  high: 0.9,
  unit: 'W',
  source: `a quarter of the difference: ${BOARD_SOURCE}; the first core takes more than its quarter`,
} as const satisfies Assumption;

export const BOARD_HASH_MICROSECONDS = {
  id: 'board-hash',
  title: 'a hash on the board',
  low: 46,
  high: 46,
  unit: 'us',
  source: 'paper, Table III: 46 us for one nonce, 740 us for 15.96',
} as const satisfies Assumption;

export const CORE_RATIO_LOW = {
  id: 'core-ratio',
  title: 'a core here against one of the board, at the least',
  low: 8,
  high: 8,
  unit: 'x',
  source: 'assumed, not measured; the other end is the calibration: 46 us against the portable hash here',
} as const satisfies Assumption;

export const RADIO_NANOJOULES_A_BIT = {
  id: 'radio-bit',
  title: 'WiFi, a bit sent or received',
  low: 5,
  high: 10,
  unit: 'nJ',
  source: 'assumed: the order of what is published for 802.11n cards at high rates (as Halperin et al. 2010)',
} as const satisfies Assumption;

export const RADIO_MICROJOULES_A_MESSAGE = {
  id: 'radio-message',
  title: 'WiFi, fixed cost of a message sent or received',
  low: 0,
  high: 400,
  unit: 'uJ',
  source:
    'assumed: models with a fixed cost a frame (Feeney and Nilsson 2001: 420 uJ; Serrano et al. 2014 find such a part in every device); 0 where it is hidden in the board at rest',
} as const satisfies Assumption;

export const FRAMING_BYTES = {
  id: 'framing',
  title: 'bytes round the payload of a message',
  low: 0,
  high: 200,
  unit: 'B',
  source: 'assumed: MQTT topic and header, TCP/IP, 802.11, and the acknowledgements of QoS 1',
} as const satisfies Assumption;

export const ASSUMPTIONS: readonly Assumption[] = [
  IDLE_WATTS,
  BUSY_CORE_WATTS,
  BOARD_HASH_MICROSECONDS,
  CORE_RATIO_LOW,
  RADIO_NANOJOULES_A_BIT,
  RADIO_MICROJOULES_A_MESSAGE,
  FRAMING_BYTES,
];

/** Measured here, hashes a second of one core. */
export interface HashRates {
  /** What nodes use: by the processor's own instructions where it has some. */
  readonly nativePerSecond: number;
  /** In JavaScript: no special instruction, so nearer to what other code gains from this processor. */
  readonly portablePerSecond: number;
}

/** Joules a decision, of all nodes together. */
export interface Energy {
  readonly work: Range;
  readonly cpu: Range;
  readonly radio: Range;
  readonly total: Range;
}

/** How many times as long a core of the board takes for what is not hashing. */
export function coreRatio({ portablePerSecond }: HashRates): Range {
  const calibrated = (BOARD_HASH_MICROSECONDS.high * portablePerSecond) / 1e6;
  return { low: Math.min(CORE_RATIO_LOW.low, calibrated), high: Math.max(CORE_RATIO_LOW.low, calibrated) };
}

/** Processor time of all nodes a decision that went into anything but hashing, milliseconds of a core here. */
export function otherCpuMs(cost: Cost, { nativePerSecond }: HashRates): number {
  const hashingMs = ((cost.hashesTried + cost.hashesChecked) / nativePerSecond) * 1000;
  return Math.max(0, cost.nodesCpuMs - hashingMs) / cost.decisions;
}

/** `cost.decisions` must not be 0. */
export function energyOf(cost: Cost, rates: HashRates): Energy {
  const { decisions, sent, delivered } = cost;
  const hashes = (cost.hashesTried + cost.hashesChecked) / decisions;
  const ratio = coreRatio(rates);
  const otherSeconds = otherCpuMs(cost, rates) / 1000;
  const messages = (sent.messages + delivered.messages) / decisions;
  const payloadBytes = (sent.payloadBytes + delivered.payloadBytes) / decisions;
  const end = (of: 'low' | 'high'): { work: number; cpu: number; radio: number } => ({
    work: ((hashes * BOARD_HASH_MICROSECONDS[of]) / 1e6) * BUSY_CORE_WATTS[of],
    cpu: otherSeconds * ratio[of] * BUSY_CORE_WATTS[of],
    radio:
      ((payloadBytes + messages * FRAMING_BYTES[of]) * 8 * RADIO_NANOJOULES_A_BIT[of]) / 1e9 +
      (messages * RADIO_MICROJOULES_A_MESSAGE[of]) / 1e6,
  });
  const [low, high] = [end('low'), end('high')];
  return {
    work: { low: low.work, high: high.work },
    cpu: { low: low.cpu, high: high.cpu },
    radio: { low: low.radio, high: high.radio },
    total: { low: low.work + low.cpu + low.radio, high: high.work + high.cpu + high.radio },
  };
}
