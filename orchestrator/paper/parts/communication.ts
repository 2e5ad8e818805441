/** Messages and bytes of a decision by number of nodes: by formula, simulated, and of live nodes. */
import { nativeSha256Hex } from '../../../node/host/native-hash.ts';
import { compactCodec } from '../../../node/protocol/codec-compact.ts';
import { GENESIS } from '../../../node/protocol/message.ts';
import { makeRequest, makeVote } from '../../../node/protocol/paper-messages.ts';
import { countText } from '../../report/quantity-text.ts';
import { measureLargeCommunication, measureSimulatedCommunication } from '../measure-communication.ts';
import type { Measurement, PaperOptions, PaperPart, RawRecords } from '../measurement.ts';
import type { Cell, PaperPlot, PaperTable, PlotSeries } from '../paper-results.ts';
import { formula, missing, plotted, RawCells, text } from '../raw-cells.ts';
import { figureText } from '../report/figure-text.ts';

const SIMULATED = [2, 4, 8, 16, 32, 48];
const LARGE = [100, 1000, 10_000];
const SIZES = [...SIMULATED, ...LARGE];
const DECISIONS = 20;
const DECISIONS_QUICK = 5;
/** Among 10,000 nodes a decision takes seconds, and each is like the other. */
const DECISIONS_LARGE = 1;

/** Of the compact wire with ids of 32 bytes. */
const { requestBytes: REQUEST_BYTES, voteBytes: VOTE_BYTES } = messageBytes();
const PUBLISHED_FORMULA = `${REQUEST_BYTES} + (n - 1) x ${VOTE_BYTES}`;

export const communicationPart: PaperPart = {
  id: 'communication',

  measurements(options) {
    const decisions = decisionsOf(options);
    return [
      ...SIMULATED.map(
        (n): Measurement => ({
          id: `communication-simulated-${n}`,
          title: `messages of a decision, ${n} simulated nodes`,
          seconds: 0.1 + decisions * n * n * 1e-5,
          measure: ({ seed, signal }) => measureSimulatedCommunication({ n, decisions, seed, signal }),
        }),
      ),
      ...LARGE.map(
        (n): Measurement => ({
          id: `communication-simulated-${n}`,
          title: `messages of a decision, ${countText(n)} simulated nodes`,
          seconds: 0.1 + n * n * 2e-8,
          measure: ({ seed, signal }) => measureLargeCommunication({ n, decisions: DECISIONS_LARGE, seed, signal }),
        }),
      ),
    ];
  },

  present(records, options) {
    return {
      id: 'communication',
      title: 'Communication of a decision',
      finding: finding(records),
      method: [
        'A decision takes one request and a vote of every other node, each published once; the fabric delivers each to all n nodes, the sender included. So n messages are published and n^2 delivered.',
        `A request has ${REQUEST_BYTES} bytes and a vote ${VOTE_BYTES} on the compact wire with ids of 32 bytes; bytes are those of payloads.`,
        `Simulated: the broker's own counters, over ${decisionsOf(options)} purchases one after another with a real core for each node, up to ${SIMULATED.at(-1)} nodes; one purchase among ${LARGE.map(countText).join(', ')} without cores. Network and pace are those of the paper's boards.`,
        'Live: medians over the purchases whose time to consensus was measured, out of the journal of the broker.',
      ],
      tables: [messagesTable(records), bytesTable(records)],
      plots: [plot(records)],
      limits: [
        "What a node sends does not depend on n, what it receives grows with n, and what the network carries with n^2: the same order as the vote-based protocols of which the paper's Section II says that they do not scale. Small messages make the factor small, not the exponent.",
        'On a network with a real broadcast medium a delivery to all may be one transmission; over a broker, as here, it is one for each receiver.',
        'Acknowledgements (one for each publish and each delivery at QoS 1), topics and the headers of MQTT, TCP and IP come on top. Sensor transactions, which the paper expects to be most of the traffic, are no part of a decision.',
        'The formula is the most that a calm network takes. Among many nodes some still search for the nonce of their vote when the decision reaches them, and publish none. A purchase whose votes do not agree costs as many messages and decides nothing: it happens where receivers hear votes in different orders and so reward different voters. The simulated broker gives all the same order, as a real one does.',
      ],
    };
  },
};

function decisionsOf({ quick }: Pick<PaperOptions, 'quick'>): number {
  return quick ? DECISIONS_QUICK : DECISIONS;
}

/** As the codec makes them. */
function messageBytes(): { readonly requestBytes: number; readonly voteBytes: number } {
  const codec = compactCodec({ idBytes: 32, timeMin: 0, hash: nativeSha256Hex });
  const body = { requester: 'node-1', service: 'Nespresso', priceDcoins: 2, time: 1_600_000_000, state: GENESIS };
  return {
    requestBytes: codec.encode(makeRequest(body, 0, nativeSha256Hex)).length,
    voteBytes: codec.encode(makeVote('node-2', body, 0, 0, nativeSha256Hex)).length,
  };
}

function simulated(records: RawRecords, n: number): RawCells {
  return new RawCells(records, `communication-simulated-${n}`);
}

/** What the part of consensus measures. */
function live(records: RawRecords, n: number): RawCells {
  return new RawCells(records, `consensus-live-${n}`);
}

function liveCell(records: RawRecords, n: number, name: string, unit: string): Cell {
  if (LARGE.includes(n)) return missing('so many live nodes are not started on one machine');
  return live(records, n).figure(`messages.${name}`, unit);
}

function publishedBytes(n: number): number {
  return REQUEST_BYTES + (n - 1) * VOTE_BYTES;
}

function number(title: string) {
  return { title, align: 'right' } as const;
}

function messagesTable(records: RawRecords): PaperTable {
  return {
    id: 'communication-messages',
    caption: 'Messages of a decision',
    columns: [
      number('nodes'),
      number('published, formula'),
      number('simulated'),
      number('live'),
      number('delivered, formula'),
      number('simulated'),
      number('live'),
    ],
    rows: SIZES.map((n) => {
      const cells = simulated(records, n);
      return [
        text(countText(n)),
        formula(n, '', '1 + (n - 1)'),
        cells.figure('perDecision.publishes', '', { source: 'model' }),
        liveCell(records, n, 'publishes', ''),
        formula(n * n, '', 'n x n'),
        cells.figure('perDecision.deliveries', '', { source: 'model' }),
        liveCell(records, n, 'deliveries', ''),
      ];
    }),
  };
}

function bytesTable(records: RawRecords): PaperTable {
  return {
    id: 'communication-bytes',
    caption: 'Payload bytes of a decision, ids of 32 bytes',
    columns: [
      number('nodes'),
      number('published, formula'),
      number('simulated'),
      number('live'),
      number('delivered, formula'),
      number('simulated'),
    ],
    rows: SIZES.map((n) => {
      const cells = simulated(records, n);
      return [
        text(countText(n)),
        formula(publishedBytes(n), 'bytes', PUBLISHED_FORMULA),
        cells.figure('perDecision.payloadBytes', 'bytes', { source: 'model' }),
        liveCell(records, n, 'payloadBytes', 'bytes'),
        formula(n * publishedBytes(n), 'bytes', `n x (${PUBLISHED_FORMULA})`),
        cells.figure('perDecision.deliveredBytes', 'bytes', { source: 'model' }),
      ];
    }),
  };
}

function plot(records: RawRecords): PaperPlot {
  const line = (name: string, y: (n: number) => number): PlotSeries => ({
    name,
    source: 'model',
    mark: 'line',
    points: SIZES.map((n) => ({ x: n, y: y(n) })),
  });
  const measured: PlotSeries[] = [
    {
      name: 'delivered, simulated',
      source: 'model',
      mark: 'points',
      points: SIZES.flatMap((n) => plotted(n, simulated(records, n).number('perDecision.deliveries'))),
    },
    {
      name: 'delivered, live',
      source: 'here',
      mark: 'points',
      points: SIMULATED.flatMap((n) => plotted(n, live(records, n).number('messages.deliveries'))),
    },
    {
      name: 'published, live',
      source: 'here',
      mark: 'points',
      points: SIMULATED.flatMap((n) => plotted(n, live(records, n).number('messages.publishes'))),
    },
  ];
  return {
    id: 'communication',
    caption: 'Messages of a decision by number of nodes',
    x: { label: 'nodes', scale: 'log' },
    y: { label: 'messages', scale: 'log' },
    series: [
      line('published, n', (n) => n),
      line('delivered, n^2', (n) => n * n),
      ...measured.filter(({ points }) => points.length > 0),
    ],
  };
}

function finding(records: RawRecords): string {
  const sizes = SIZES.filter((n) => simulated(records, n).number('perDecision.publishes') !== null);
  const largest = sizes.at(-1);
  if (largest === undefined) return 'The messages of a decision have not been counted.';
  const cells = simulated(records, largest);
  const of = (name: string) => cells.number(`perDecision.${name}`)!;
  const shareOf = (n: number) => simulated(records, n).number('perDecision.publishes')! / n;
  const exact = sizes.filter((n) => shareOf(n) === 1);
  const least = Math.min(...sizes.map(shareOf));
  const agreement =
    exact.length === sizes.length
      ? 'The formula (n published, n^2 delivered) holds exactly at every size that was simulated.'
      : `The formula (n published, n^2 delivered) holds exactly at ${exact.length} of the ${sizes.length} sizes that were simulated; elsewhere down to ${figureText(100 * least, '%')} of it are sent.`;
  return `A decision among ${figureText(largest, 'nodes')} takes ${figureText(of('publishes'), 'messages')}, ${figureText(of('deliveries'), 'deliveries')} and ${figureText(of('deliveredBytes'), 'bytes')} of payload in all. ${agreement}`;
}
