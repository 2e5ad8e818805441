/** Storage: what a wallet takes, and how a node's database grows with nodes and with transactions (it does not). */

import { countText } from '../../report/quantity-text.ts';
import type { PaperOptions, PaperPart, RawRecords } from '../measurement.ts';
import type { Cell, PaperPlot, PaperTable, PlotSeries } from '../paper-results.ts';
import { formula, given, missing, plotted, RawCells, text } from '../raw-cells.ts';
import { figureText } from '../report/figure-text.ts';
import { measureStoredDecisions, NODES_STORED } from '../stored-decisions.ts';
import { measureStoredWallets } from '../stored-wallets.ts';

const NODES = 'storage-nodes';
const TRANSACTIONS = 'storage-transactions';
const WALLET_COUNTS = [2, 8, 48, 100, 1000, 10_000];
const DECISIONS = [0, 10, 100, 1000, 10_000];
const DECISIONS_QUICK = [0, 10, 100, 1000];
const SECONDS_PER_DECISION = 0.0008;

const SOURCE = 'paper, Section II';
const GB = 1e9;
/** Fig. 1 of the paper: id, balance, State. */
const BALANCE_BYTES = 4;
const STATE_BYTES = 32;
const ID_BYTES = [8, 16, 32];
const WALLET_BYTES = walletBytes(32);

interface OtherLedger {
  readonly name: string;
  readonly gigabytes: number;
  /** What the size is that of. */
  readonly about: string;
  readonly wallets: number;
  readonly walletsText: string;
  /** Transactions or blocks in that size; null where the paper gives none. */
  readonly entries: number | null;
  readonly entriesText: string;
}

const OTHERS: readonly OtherLedger[] = [
  {
    name: 'Bitcoin',
    gigabytes: 306,
    about: 'whole chain',
    wallets: 45e6,
    walletsText: '< 45 million',
    entries: null,
    entriesText: '',
  },
  {
    name: 'Ethereum',
    gigabytes: 255,
    about: 'whole chain',
    wallets: 72e6,
    walletsText: '72 million',
    entries: null,
    entriesText: '',
  },
  {
    name: 'IOTA',
    gigabytes: 1.6,
    about: '1 million transactions, in theory',
    wallets: 400_000,
    walletsText: 'about 400,000',
    entries: 1e6,
    entriesText: '1 million transactions',
  },
  {
    name: 'Nano',
    gigabytes: 25.5,
    about: 'a node',
    wallets: 400_000,
    walletsText: '< 400,000',
    entries: 49e6,
    entriesText: 'almost 49 million blocks',
  },
];

export const storagePart: PaperPart = {
  id: 'storage',

  measurements(options) {
    const checkpoints = checkpointsOf(options);
    return [
      {
        id: NODES,
        title: 'storage by number of nodes',
        seconds: 1,
        measure: ({ directory, signal }) => measureStoredWallets({ counts: WALLET_COUNTS, directory, signal }),
      },
      {
        id: TRANSACTIONS,
        title: 'storage by number of past transactions',
        seconds: 0.5 + checkpoints.at(-1)! * SECONDS_PER_DECISION,
        measure: ({ directory, signal, note }) => measureStoredDecisions({ checkpoints, directory, signal, note }),
      },
    ];
  },

  present(records, options) {
    return {
      id: 'storage',
      title: 'Storage of a node',
      finding: finding(records, options),
      method: [
        'A wallet of the paper (Fig. 1) is an id, a balance and a State. Here it is a row of SQLite, JSON under its id, that also has the State before and the request that was decided last, by which a late message is known.',
        'By nodes: a real store with so many wallets, each as a decision leaves it; the size is that of the database file once it is closed.',
        `By transactions: ${NODES_STORED} real cores in one process decide purchases one after another; one of them keeps its rows in a real store, a transaction a delivery as on a node. The file is measured closed, and open with its write-ahead log.`,
        'The other ledgers are quoted from Section II of the paper. Bytes a wallet and bytes an entry are divided out of its figures; nothing of theirs was measured here.',
      ],
      tables: [walletTable(records), nodesTable(records), transactionsTable(records, options), othersTable(records)],
      plots: [transactionsPlot(records, options), nodesPlot(records)],
      limits: [
        'Flat by transactions, linear by nodes: every node holds every wallet, so a network of tens of billions of devices, which the paper speaks of, does not fit on a gateway either.',
        'A chain keeps the history and can be verified from its beginning. Wallance keeps none: the State shows that wallets agree, not how they came about. The two sizes do not buy the same.',
        'While a node runs, a write-ahead log of up to 4 MB stands beside the database; it is reused, whatever the number of transactions. Observations of the testbed (a file of lines that grows with every message) are not part of the ledger and not counted.',
        'The cores of this measurement hear everything in order, so nothing but the last 16 orders and service runs is left behind. Requests that never get a quorum stay as rows until the State they were made for is decided on, at most four a requester.',
      ],
    };
  },
};

function walletBytes(idBytes: number): number {
  return idBytes + BALANCE_BYTES + STATE_BYTES;
}

function checkpointsOf({ quick }: Pick<PaperOptions, 'quick'>): readonly number[] {
  return quick ? DECISIONS_QUICK : DECISIONS;
}

function number(title: string) {
  return { title, align: 'right' } as const;
}

/** Place among `points` of the one whose `name` is `value`; a place that is not there where there is none. */
function placeOf(cells: RawCells, name: string, value: number): number {
  const count = cells.count('points');
  for (let place = 0; place < count; place++) if (cells.number(`points.${place}.${name}`) === value) return place;
  return count;
}

function walletTable(records: RawRecords): PaperTable {
  const cells = new RawCells(records, NODES);
  const largest = placeOf(cells, 'wallets', WALLET_COUNTS.at(-1)!);
  return {
    id: 'storage-wallet',
    caption: 'A wallet',
    columns: [{ title: 'as' }, number('bytes')],
    rows: [
      ...ID_BYTES.map((idBytes): readonly Cell[] => [
        text(`id of ${idBytes} bytes, balance, State`),
        formula(walletBytes(idBytes), 'bytes', `id + ${BALANCE_BYTES} + ${STATE_BYTES}`),
      ]),
      [text('row of SQLite: id and JSON record, average'), cells.figure(`points.${largest}.rowBytes`, 'bytes')],
      [text('in the database file, from 1,000 to 10,000 wallets'), cells.figure('pageBytesPerWallet', 'bytes')],
    ],
  };
}

function nodesTable(records: RawRecords): PaperTable {
  const cells = new RawCells(records, NODES);
  return {
    id: 'storage-nodes',
    caption: 'All wallets on one node, by number of nodes',
    columns: [number('nodes'), number('ids of 32 bytes, balances, States'), number('database here')],
    rows: WALLET_COUNTS.map((count) => [
      text(countText(count)),
      formula(count * WALLET_BYTES, 'bytes', `n x ${WALLET_BYTES}`),
      cells.figure(`points.${placeOf(cells, 'wallets', count)}.databaseBytes`, 'bytes'),
    ]),
  };
}

function transactionsTable(records: RawRecords, options: PaperOptions): PaperTable {
  const cells = new RawCells(records, TRANSACTIONS);
  const chains = OTHERS.filter(({ entries }) => entries !== null);
  return {
    id: 'storage-transactions',
    caption: `One node of ${NODES_STORED}, by number of past transactions`,
    columns: [
      number('transactions'),
      number('database'),
      number('open, with its log'),
      number('requests left'),
      number('votes left'),
      ...chains.map(({ name }) => number(`${name}, at its rate`)),
    ],
    rows: checkpointsOf(options).map((decisions) => {
      const at = `points.${placeOf(cells, 'decisions', decisions)}`;
      return [
        text(countText(decisions)),
        cells.figure(`${at}.databaseBytes`, 'bytes'),
        cells.figure(`${at}.openBytes`, 'bytes'),
        cells.figure(`${at}.rows.requests`, ''),
        cells.figure(`${at}.rows.votes`, ''),
        ...chains.map(({ name, gigabytes, entries }) => {
          const each = (gigabytes * GB) / entries!;
          return formula(decisions * each, 'bytes', `${name}: ${Math.round(each)} bytes a transaction or block`);
        }),
      ];
    }),
  };
}

function othersTable(records: RawRecords): PaperTable {
  const unknown = missing('the paper gives no number of transactions');
  return {
    id: 'storage-ledgers',
    caption: 'Other ledgers as the paper gives them (2020), and this one',
    columns: [
      { title: 'ledger' },
      number('size'),
      { title: 'of' },
      number('wallets'),
      number('bytes a wallet'),
      number('transactions or blocks'),
      number('bytes each'),
    ],
    rows: [
      ...OTHERS.map(({ name, gigabytes, about, wallets, walletsText, entries, entriesText }): readonly Cell[] => [
        text(name),
        given(gigabytes, 'GB', SOURCE),
        text(about),
        given(wallets, '', SOURCE, walletsText),
        // IOTA's size is that of a number of transactions, not that of what its wallets made.
        name === 'IOTA'
          ? missing('the size is that of 1 million transactions, not of all wallets')
          : formula(Math.round((gigabytes * GB) / wallets), 'bytes', `${gigabytes} GB / ${walletsText}`),
        entries === null ? unknown : given(entries, '', SOURCE, entriesText),
        entries === null
          ? unknown
          : formula(Math.round((gigabytes * GB) / entries), 'bytes', `${gigabytes} GB / ${entriesText}`),
      ]),
      wallanceRow(records),
    ],
  };
}

function wallanceRow(records: RawRecords): readonly Cell[] {
  const cells = new RawCells(records, NODES);
  const most = WALLET_COUNTS.at(-1)!;
  return [
    text('Wallance, here'),
    cells.figure(`points.${placeOf(cells, 'wallets', most)}.databaseBytes`, 'bytes'),
    text('database of a node'),
    cells.figure(`points.${placeOf(cells, 'wallets', most)}.wallets`, ''),
    cells.figure('pageBytesPerWallet', 'bytes'),
    missing('nothing is kept of a past transaction'),
    formula(0, 'bytes', 'rows of a decided State are deleted'),
  ];
}

function transactionsPlot(records: RawRecords, options: PaperOptions): PaperPlot {
  const cells = new RawCells(records, TRANSACTIONS);
  // No place for nothing on a logarithmic axis.
  const counts = checkpointsOf(options).filter((decisions) => decisions > 0);
  const here = (name: string, path: string): PlotSeries => ({
    name,
    source: 'here',
    mark: 'points-and-line',
    points: counts.flatMap((decisions) =>
      plotted(decisions, cells.number(`points.${placeOf(cells, 'decisions', decisions)}.${path}`)),
    ),
  });
  const chains = OTHERS.flatMap(({ name, gigabytes, entries }): PlotSeries[] => {
    if (entries === null) return [];
    const bytesAt = (count: number) => (gigabytes * GB * count) / entries;
    const ends = [counts[0]!, entries].map((x) => ({ x, y: bytesAt(x) }));
    return [{ name: `${name}, at the rate of the paper's figure`, source: 'paper', mark: 'line', points: ends }];
  });
  return {
    id: 'storage-transactions',
    caption: 'Storage of a node by number of past transactions',
    x: { label: 'past transactions', scale: 'log' },
    y: { label: 'bytes', scale: 'log' },
    series: [
      ...chains,
      ...[here('database, 8 nodes', 'databaseBytes'), here('open, with its log', 'openBytes')].filter(
        ({ points }) => points.length > 0,
      ),
    ],
  };
}

function nodesPlot(records: RawRecords): PaperPlot {
  const cells = new RawCells(records, NODES);
  const points = WALLET_COUNTS.flatMap((count) =>
    plotted(count, cells.number(`points.${placeOf(cells, 'wallets', count)}.databaseBytes`)),
  );
  return {
    id: 'storage-nodes',
    caption: 'Storage of a node by number of nodes',
    x: { label: 'nodes', scale: 'log' },
    y: { label: 'bytes', scale: 'log' },
    series: [
      {
        name: `id, balance, State: ${WALLET_BYTES} bytes a node`,
        source: 'model',
        mark: 'line',
        points: WALLET_COUNTS.map((count) => ({ x: count, y: count * WALLET_BYTES })),
      },
      ...(points.length > 0 ? [{ name: 'database', source: 'here', mark: 'points-and-line', points } as const] : []),
    ],
  };
}

function finding(records: RawRecords, options: PaperOptions): string {
  const wallets = new RawCells(records, NODES);
  const past = new RawCells(records, TRANSACTIONS);
  const each = wallets.number('pageBytesPerWallet');
  const bytesAfter = (decisions: number) =>
    past.number(`points.${placeOf(past, 'decisions', decisions)}.databaseBytes`);
  const [before, last] = [bytesAfter(0), checkpointsOf(options).at(-1)!];
  const after = bytesAfter(last);
  const sentences = [
    each === null
      ? null
      : `A wallet takes ${figureText(each, 'bytes')} of a node's database (${WALLET_BYTES} in the terms of the protocol).`,
    before === null || after === null
      ? null
      : `After ${countText(last)} transactions among ${NODES_STORED} nodes the database has ${figureText(after, 'bytes')}, against ${figureText(before, 'bytes')} before the first; at the rates of the paper's figures they would have taken ${chainsAfter(last)}.`,
  ].filter((sentence) => sentence !== null);
  return sentences.length === 0 ? 'Storage has not been measured.' : sentences.join(' ');
}

function chainsAfter(transactions: number): string {
  return OTHERS.flatMap(({ name, gigabytes, entries }) =>
    entries === null ? [] : [`${figureText((transactions * gigabytes * GB) / entries, 'bytes')} in ${name}`],
  ).join(' and ');
}
