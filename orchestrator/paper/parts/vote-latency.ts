/** Table II: how long a vote is under way to its own sender, by size of id, over three fabrics. */
import type { Parameters } from '../../../node/protocol/parameters.ts';
import { countText } from '../../report/quantity-text.ts';
import { type LatencyFabric, measureVoteLatency } from '../measure-vote-latency.ts';
import type { Measurement, PaperPart, RawRecords } from '../measurement.ts';
import type { Cell, PaperPlot, PaperTable, PlotSeries } from '../paper-results.ts';
import { given, missing, plotted, RawCells, text } from '../raw-cells.ts';
import { figureText } from '../report/figure-text.ts';

interface PaperRow {
  readonly idBytes: Parameters['idBytes'];
  readonly totalBytes: number;
  readonly meanMs: string;
  readonly minMs: string;
  readonly maxMs: string;
}

const TABLE_II: readonly PaperRow[] = [
  { idBytes: 8, totalBytes: 72, meanMs: '1.66', minMs: '1.40', maxMs: '5.98' },
  { idBytes: 16, totalBytes: 96, meanMs: '1.53', minMs: '1.38', maxMs: '5.82' },
  { idBytes: 32, totalBytes: 144, meanMs: '1.66', minMs: '1.41', maxMs: '4.94' },
];
const LARGEST = TABLE_II.at(-1)!;
const SOURCE = 'paper, Table II';

const FABRICS: readonly { readonly fabric: LatencyFabric; readonly name: string; readonly seconds: number }[] = [
  { fabric: 'aedes', name: 'embedded aedes, loopback', seconds: 1 },
  { fabric: 'mosquitto', name: 'mosquitto, loopback', seconds: 1 },
  { fabric: 'in-process', name: 'in process, no network', seconds: 0.5 },
];

const SAMPLES = 10_000;
const SAMPLES_QUICK = 1000;
const WARM_UP = 500;
/** Of a vote over a broker, publish and delivery. */
const SAMPLE_SECONDS = 0.0003;

export const voteLatencyPart: PaperPart = {
  id: 'vote-latency',

  measurements({ quick }) {
    const samples = quick ? SAMPLES_QUICK : SAMPLES;
    return FABRICS.flatMap(({ fabric, name, seconds }) =>
      TABLE_II.map(
        ({ idBytes }): Measurement => ({
          id: recordId(fabric, idBytes),
          title: `latency of votes with ids of ${idBytes} bytes: ${name}`,
          seconds: seconds + (fabric === 'in-process' ? 0 : samples * SAMPLE_SECONDS),
          measure: ({ signal }) => measureVoteLatency({ fabric, idBytes, samples, warmUp: WARM_UP, signal }),
        }),
      ),
    );
  },

  present(records, { quick }) {
    const samples = quick ? SAMPLES_QUICK : SAMPLES;
    return {
      id: 'vote-latency',
      title: 'Table II: latency of a vote by size of ids',
      finding: finding(records),
      method: [
        `A node in a process of its own publishes a vote and takes the time until the fabric delivers that vote back to it; then it sends the next one, as in Section VI. ${countText(samples)} samples a row, after ${WARM_UP} votes that are not counted.`,
        'The votes are those of the compact wire: three ids of 8, 16 or 32 bytes, a State of 32 bytes and four fields of 4 bytes, which gives the sizes of the paper. Encoding is not part of the time; neither signatures nor work are checked, and nothing is stored.',
        'The fabrics: the embedded broker in its own process and mosquitto, both over TCP on the loopback of this machine at QoS 1 with a lasting session; and the fabric in memory, in the process of the node, as the floor.',
      ],
      tables: [table(records)],
      plots: [plot(records)],
      limits: [
        "A loopback has no radio, no router and no other stations: these figures say what broker and client add, and nothing of a WiFi. The paper's are those of OpenDDS on Raspberry Pi 3B+ over a 5 GHz router.",
        'Maxima are single events. Here they are mostly pauses of the scheduler and of the garbage collector, and they grow with the number of samples and with whatever else the machine does; p99 is the steadier figure.',
        ...sizeLimits(records),
      ],
      headlines: [
        {
          name: `Latency of a vote of ${LARGEST.totalBytes} bytes, average`,
          paper: given(Number(LARGEST.meanMs), 'ms', SOURCE, LARGEST.meanMs),
          here: cellsOf(records, 'aedes', LARGEST.idBytes).figure('latencyMs.mean', 'ms'),
        },
      ],
    };
  },
};

function recordId(fabric: LatencyFabric, idBytes: number): string {
  return `vote-latency-${fabric}-${idBytes}`;
}

function cellsOf(records: RawRecords, fabric: LatencyFabric, idBytes: number): RawCells {
  return new RawCells(records, recordId(fabric, idBytes));
}

function table(records: RawRecords): PaperTable {
  const number = (title: string) => ({ title, align: 'right' }) as const;
  const rows = TABLE_II.flatMap((paper) => [
    ...FABRICS.map(({ fabric, name }): readonly Cell[] => {
      const cells = cellsOf(records, fabric, paper.idBytes);
      const ms = (path: string): Cell => cells.figure(`latencyMs.${path}`, 'ms');
      const payload = cells.figure('payloadBytes', 'bytes');
      return [text(paper.idBytes), payload, text(name), ms('mean'), ms('min'), ms('max'), ms('p50'), ms('p99')];
    }),
    paperCells(paper),
  ]);
  return {
    id: 'vote-latency',
    caption: 'From publishing a vote to hearing it oneself',
    columns: [
      number('id, bytes'),
      number('vote'),
      { title: 'fabric' },
      number('average'),
      number('minimum'),
      number('maximum'),
      number('p50'),
      number('p99'),
    ],
    rows,
  };
}

function paperCells({ idBytes, totalBytes, meanMs, minMs, maxMs }: PaperRow): readonly Cell[] {
  const ms = (said: string): Cell => given(Number(said), 'ms', SOURCE, said);
  const unsaid = missing('the paper gives average, minimum and maximum only');
  return [
    text(idBytes),
    given(totalBytes, 'bytes', SOURCE),
    text('paper: OpenDDS, 5 GHz WiFi, Pi 3B+'),
    ms(meanMs),
    ms(minMs),
    ms(maxMs),
    unsaid,
    unsaid,
  ];
}

function plot(records: RawRecords): PaperPlot {
  const here = FABRICS.map(
    ({ fabric, name }): PlotSeries => ({
      name,
      source: 'here',
      mark: 'points-and-line',
      points: TABLE_II.flatMap(({ idBytes, totalBytes }) => {
        const cells = cellsOf(records, fabric, idBytes);
        const of = (path: string) => cells.number(`latencyMs.${path}`);
        return plotted(cells.number('payloadBytes') ?? totalBytes, of('p50'), of('min'), of('p99'));
      }),
    }),
  );
  const paper: PlotSeries = {
    name: 'paper, average (minimum to maximum)',
    source: 'paper',
    mark: 'points',
    points: TABLE_II.flatMap(({ totalBytes, meanMs, minMs, maxMs }) =>
      plotted(totalBytes, Number(meanMs), Number(minMs), Number(maxMs)),
    ),
  };
  return {
    id: 'vote-latency',
    caption: 'Latency of a vote by its size; measured here: median, bars from the minimum to p99',
    x: { label: 'size of a vote, bytes', scale: 'linear' },
    y: { label: 'latency, ms', scale: 'log' },
    series: [paper, ...here.filter(({ points }) => points.length > 0)],
  };
}

function finding(records: RawRecords): string {
  const mean = (fabric: LatencyFabric) => cellsOf(records, fabric, LARGEST.idBytes).number('latencyMs.mean');
  const spokenMeans = FABRICS.flatMap(({ fabric, name }) => {
    const ms = mean(fabric);
    return ms === null ? [] : [`${figureText(ms, 'ms')} (${name})`];
  });
  if (spokenMeans.length === 0) return 'The latency of votes has not been measured.';
  const p50 = (idBytes: number) => cellsOf(records, 'aedes', idBytes).number('latencyMs.p50');
  const [small, large] = [p50(TABLE_II[0]!.idBytes), p50(LARGEST.idBytes)];
  const change =
    small === null || large === null
      ? ''
      : ` Twice the size changes the median over aedes from ${figureText(small, 'ms')} to ${figureText(large, 'ms')}.`;
  return `A vote of ${LARGEST.totalBytes} bytes is back at its sender after ${spokenMeans.join(', ')} on average, against ${LARGEST.meanMs} ms over the paper's WiFi.${change}`;
}

/** What a size on the wire is, and any payload that has not the paper's size. */
function sizeLimits(records: RawRecords): string[] {
  const topicBytes = cellsOf(records, 'aedes', TABLE_II[0]!.idBytes).number('topicBytes');
  const wire = topicBytes === null ? '' : ` (here a topic of ${topicBytes} bytes)`;
  const others = TABLE_II.flatMap(({ idBytes, totalBytes }) =>
    FABRICS.flatMap(({ fabric, name }) => {
      const bytes = cellsOf(records, fabric, idBytes).number('payloadBytes');
      return bytes === null || bytes === totalBytes
        ? []
        : [
            `With ids of ${idBytes} bytes a vote has ${bytes} bytes here (${name}), not the ${totalBytes} of the paper.`,
          ];
    }),
  );
  return [`Sizes are those of payloads; MQTT adds its header and the topic${wire}, TCP and IP their own.`, ...others];
}
