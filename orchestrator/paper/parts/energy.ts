/**
 * Energy of a decision, by part: an estimate from what the throughput measurements recorded, at assumed prices. Its own
 * measurement is the hash rate of this machine, against which the board's is known.
 */
import { nativeSha256Hex } from '../../../node/host/native-hash.ts';
import { sha256Hex } from '../../../node/protocol/hash.ts';
import {
  ASSUMPTIONS,
  BOARD_HASH_MICROSECONDS,
  coreRatio,
  type Energy,
  energyOf,
  type HashRates,
  IDLE_WATTS,
  otherCpuMs,
} from '../energy-model.ts';
import type { PaperPart, RawRecords } from '../measurement.ts';
import type { Cell, PaperTable, RawReference } from '../paper-results.ts';
import { type Measured, measuredData } from '../raw-data.ts';
import type { Load, ThroughputData } from '../throughput-run.ts';
import { LOADS, throughputId } from './throughput.ts';

const RATE_ID = 'energy-hash-rate';
/** As long as what is hashed for a vote, without the nonce. */
const PREFIX = 'v'.repeat(117);
const HASHES_A_LOOK = 20_000;
const RATE_CPU_MS_MIN = 700;

interface Case {
  readonly nodes: number;
  readonly load: Load;
  readonly measured: Measured<ThroughputData>;
}

export const energyPart: PaperPart = {
  id: 'energy',
  measurements: () => [
    {
      id: RATE_ID,
      title: 'energy: hash rate of this machine',
      seconds: 2,
      measure: async () => ({ ...measureHashRates() }),
    },
  ],
  present: (records, { quick }) => {
    const rates = measuredData<HashRates>(records, RATE_ID);
    const cases = (quick ? [8] : [2, 8, 16]).flatMap((nodes) =>
      (['one', 'all'] as const).map((load) => caseOf(records, nodes, load)),
    );
    return {
      id: 'energy',
      title: 'Energy of a decision',
      finding: findingOf(rates, cases),
      method: [
        'An estimate, not a measurement: what all nodes together did for a decision, counted while throughput was measured, at the prices of a Raspberry Pi 3B+ that stand in the table of assumptions. The result is a range, since the prices are.',
        'Work: nonces tried for requests and votes (each search begins with 0) and messages whose work was checked, at the paper’s 46 us a hash. CPU: processor time of the nodes less that of the hashing, scaled to a core of the board. Radio: requests and votes as each node sends and receives them, its own included.',
        calibration(rates),
      ],
      tables: [energyTable(rates, cases), assumptionTable(rates)],
      plots: [],
      limits: [
        'No power meter was involved. What a board takes at rest is not part of a decision and is larger than all of this unless decisions follow each other closely.',
        'Processor time includes what the measurement itself asks of the nodes: orders, reports and the record in their files.',
        'The broker’s machine and the router are left out; so is what hashing beyond the work takes (States, ids), which is in the processor time.',
        'The scale of processor time is the weakest figure: one number for a whole program on another processor. A measurement on a board would replace it.',
      ],
    };
  },
};

// --- measuring ----------------------------------------------------------------------------------------------------------

/** By processor time, so that other processes of the machine do not count. */
export function measureHashRates(cpuMsMin = RATE_CPU_MS_MIN): HashRates {
  return {
    nativePerSecond: rateOf(nativeSha256Hex, cpuMsMin),
    portablePerSecond: rateOf(sha256Hex, cpuMsMin),
  };
}

function rateOf(hash: (text: string) => string, cpuMsMin: number): number {
  let nonce = 0;
  const some = (): void => {
    for (const end = nonce + HASHES_A_LOOK; nonce < end; nonce++) hash(PREFIX + nonce);
  };
  // Code is compiled first.
  some();
  nonce = 0;
  const begun = process.cpuUsage();
  for (;;) {
    some();
    const { user, system } = process.cpuUsage(begun);
    if (user + system >= cpuMsMin * 1000) return (nonce / (user + system)) * 1e6;
  }
}

// --- presenting ---------------------------------------------------------------------------------------------------------

function caseOf(records: RawRecords, nodes: number, load: Load): Case {
  return { nodes, load, measured: measuredData<ThroughputData>(records, throughputId({ nodes, load })) };
}

interface Estimated extends Pick<Case, 'nodes' | 'load'> {
  readonly data: ThroughputData;
  readonly energy: Energy;
  readonly raw: (path: string) => RawReference;
}

/** Text: why it cannot be estimated. */
function estimated(rates: Measured<HashRates>, { nodes, load, measured }: Case): Estimated | string {
  if (!rates.ok) return `the hash rate: ${rates.reason}`;
  if (!measured.ok) return measured.reason;
  if (measured.data.cost.decisions === 0) return 'nothing was decided';
  return { nodes, load, data: measured.data, energy: energyOf(measured.data.cost, rates.data), raw: measured.raw };
}

function findingOf(rates: Measured<HashRates>, cases: readonly Case[]): string {
  const eight = cases.find(({ nodes, load }) => nodes === 8 && load === 'one');
  const found = eight === undefined ? 'not measured' : estimated(rates, eight);
  if (typeof found === 'string') return `Not estimated: ${found}.`;
  const { total, work, cpu, radio } = found.energy;
  const parts = [
    { name: 'work', high: work.high },
    { name: 'processor time', high: cpu.high },
    { name: 'radio', high: radio.high },
  ].sort((a, b) => b.high - a.high);
  const idle = (joules: number, watts: number): string => shown((joules / (8 * watts)) * 1000);
  return (
    `A decision among eight boards takes between ${shown(total.low * 1000)} and ${shown(total.high * 1000)} mJ of all together, ` +
    `most of it ${parts[0]!.name}; eight boards at rest take as much in ${idle(total.low, IDLE_WATTS.high)} to ${idle(total.high, IDLE_WATTS.low)} ms.`
  );
}

function shown(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(2);
}

function calibration(rates: Measured<HashRates>): string {
  if (!rates.ok) return `The hash rate here is missing: ${rates.reason}.`;
  const { low, high } = coreRatio(rates.data);
  const { nativePerSecond, portablePerSecond } = rates.data;
  return (
    `A core here makes ${Math.round(nativePerSecond / 1000)} thousand hashes a second as nodes do, ${Math.round(portablePerSecond / 1000)} thousand in plain JavaScript. ` +
    `The latter against the board’s 46 us gives the upper end for everything that is not hashing: ${shown(low)} to ${shown(high)} times as long on the board. ` +
    `Against the hash of the nodes it would be ${shown((BOARD_HASH_MICROSECONDS.high * nativePerSecond) / 1e6)} times, but only hashing gains from the processor’s instructions for it.`
  );
}

function text(value: string): Cell {
  return { kind: 'text', text: value };
}

const PARTS = ['work', 'cpu', 'radio', 'total'] as const;
const PART_TITLES = { work: 'work', cpu: 'processor time', radio: 'radio', total: 'total' } as const;

function energyTable(rates: Measured<HashRates>, cases: readonly Case[]): PaperTable {
  return {
    id: 'energy-decision',
    caption: 'Estimated energy of a decision on boards, all nodes together',
    columns: [
      { title: 'nodes', align: 'right' },
      { title: 'load' },
      { title: 'part' },
      { title: 'what was counted, a decision', align: 'right' },
      { title: 'at the least', align: 'right' },
      { title: 'at the most', align: 'right' },
    ],
    rows: cases.flatMap((one): (readonly Cell[])[] => {
      const head = [text(String(one.nodes)), text(LOADS[one.load])];
      const found = estimated(rates, one);
      if (typeof found === 'string') {
        const missing: Cell = { kind: 'missing', reason: found };
        return [[...head, text(PART_TITLES.total), missing, missing, missing]];
      }
      return PARTS.map((part) => {
        const ends = [found.energy[part].low, found.energy[part].high].map(
          (joules): Cell => ({
            kind: 'figure',
            source: 'model',
            value: joules * 1000,
            unit: 'mJ',
            raw: found.raw('cost'),
          }),
        );
        return [...head, text(PART_TITLES[part]), counted(part, found, rates), ...ends];
      });
    }),
  };
}

function counted(part: (typeof PARTS)[number], { data, raw }: Estimated, rates: Measured<HashRates>): Cell {
  const { cost } = data;
  const here = (value: number, unit: string, path: string): Cell => ({
    kind: 'figure',
    source: 'here',
    value: value / cost.decisions,
    unit,
    raw: raw(path),
  });
  switch (part) {
    case 'work':
      return here(cost.hashesTried + cost.hashesChecked, 'hashes', 'cost.hashesTried');
    case 'cpu':
      return here((rates.ok ? otherCpuMs(cost, rates.data) : 0) * cost.decisions, 'ms here', 'cost.nodesCpuMs');
    case 'radio':
      return here(cost.sent.payloadBytes + cost.delivered.payloadBytes, 'B payload', 'cost.delivered.payloadBytes');
    case 'total':
      return text('');
  }
}

function assumptionTable(rates: Measured<HashRates>): PaperTable {
  const calibrated: readonly (readonly Cell[])[] = (
    [
      ['a hash here, as nodes make it', 'nativePerSecond'],
      ['a hash here, in plain JavaScript', 'portablePerSecond'],
    ] as const
  ).map(([title, name]) => {
    const value: Cell = rates.ok
      ? { kind: 'figure', source: 'here', value: 1e6 / rates.data[name], unit: 'us', raw: rates.raw(name) }
      : { kind: 'missing', reason: rates.reason };
    return [text(title), value, value, text('measured here, by processor time')];
  });
  return {
    id: 'energy-assumptions',
    caption: 'Assumptions: none of these was measured on a board by this project',
    columns: [
      { title: 'price' },
      { title: 'at the least', align: 'right' },
      { title: 'at the most', align: 'right' },
      { title: 'source' },
    ],
    rows: [
      ...ASSUMPTIONS.map(({ title, low, high, unit, source }): readonly Cell[] => [
        text(title),
        { kind: 'given', value: low, text: String(low), unit, source },
        { kind: 'given', value: high, text: String(high), unit, source },
        text(source),
      ]),
      ...calibrated,
    ],
  };
}
