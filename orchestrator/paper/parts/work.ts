/** Table III: nonces tried and time by difficulty of the LWPoW, here and on the paper's board. */
import { PACES } from '../../../node/simulation/pace.ts';
import { countText } from '../../report/quantity-text.ts';
import { measureHashing, measureWork } from '../measure-work.ts';
import type { Measurement, PaperOptions, PaperPart, RawRecords } from '../measurement.ts';
import type { Cell, PaperPlot, PaperTable } from '../paper-results.ts';
import { formula, given, missing, plotted, RawCells, text } from '../raw-cells.ts';
import { figureText } from '../report/figure-text.ts';

interface PaperRow {
  readonly difficulty: number;
  readonly meanTried: string;
  readonly maxTried: number;
  readonly timeMs: number;
  readonly timeText: string;
}

const TABLE_III: readonly PaperRow[] = [
  { difficulty: 0, meanTried: '1', maxTried: 1, timeMs: 0.046, timeText: '46 us' },
  { difficulty: 1, meanTried: '15.96', maxTried: 189, timeMs: 0.74, timeText: '740 us' },
  { difficulty: 2, meanTried: '256.02', maxTried: 2847, timeMs: 12, timeText: '12 ms' },
  { difficulty: 3, meanTried: '4104.01', maxTried: 42_373, timeMs: 190, timeText: '190 ms' },
];
const SOURCE = 'paper, Table III';
const BEYOND_PAPER = 'the paper gives difficulties 0 to 3';
const BITCOIN_DIFFICULTY = 18;
const MS_PER_YEAR = 365.25 * 24 * 3600 * 1000;

const DIFFICULTIES = [0, 1, 2, 3, 4] as const;
/** Solutions by difficulty. */
const SOLUTIONS = [20_000, 20_000, 20_000, 10_000, 1000];
const SOLUTIONS_QUICK = [5000, 5000, 5000, 1000, 100];
const TURNS = 11;
const TURNS_QUICK = 3;
/** For the estimate of how long it takes. */
const HASHES_PER_SECOND = 2.5e6;
const SECONDS_PER_TURN = 0.4;
const BOARD_HASH_MS = PACES.pi3bplus.hashMs;
const BOARD_FORMULA = `16^d x ${BOARD_HASH_MS * 1000} us`;

export const workPart: PaperPart = {
  id: 'work',

  measurements({ quick }) {
    const searches = DIFFICULTIES.map((difficulty): Measurement => {
      const solutions = solutionsOf({ quick }, difficulty);
      return {
        id: `work-${difficulty}`,
        title: `LWPoW of difficulty ${difficulty}: ${solutions} votes`,
        seconds: 0.1 + (solutions * 16 ** difficulty) / HASHES_PER_SECOND,
        measure: ({ seed, signal }) => measureWork({ difficulty, solutions, seed, signal }),
      };
    });
    const turns = quick ? TURNS_QUICK : TURNS;
    const hashing: Measurement = {
      id: 'work-hashing',
      title: 'LWPoW: implementations of the hash',
      seconds: (turns + 1) * SECONDS_PER_TURN,
      measure: () => measureHashing(turns),
    };
    return [...searches, hashing];
  },

  present(records, options) {
    const counts = DIFFICULTIES.map((difficulty) => countText(solutionsOf(options, difficulty)));
    return {
      id: 'work',
      title: 'Table III: LWPoW by difficulty',
      finding: finding(records),
      method: [
        `For ${counts.join(', ')} votes of difficulty 0 to 4 the smallest nonce is searched for with which SHA-256 begins with that many zero nibbles. Each vote is another one, made by the protocol's own functions from the seed: requester, balance, time and State differ.`,
        'The search is that of a node: the preimage stands in a buffer, its digits are counted up in place, and crypto.hash (OpenSSL) hashes it, on one core. The time is that of the search alone.',
        'A nonce solves with probability 16^-d, whatever was tried before, so the number tried is distributed geometrically with mean 16^d. Intervals are those of 95 % for the mean.',
        `A board's time is no measurement: it is the paper's ${BOARD_HASH_MS * 1000} us a hash, which is its figure for difficulty 0, times the number of hashes.`,
      ],
      tables: [noncesTable(records), timeTable(records), hashingTable(records)],
      plots: [noncesPlot(records), timePlot(records)],
      limits: [
        'The maximum grows with the number of solutions (about 16^d times its logarithm) and is no property of the difficulty; the paper does not say how many solutions it measured. Means can be compared, maxima cannot.',
        "The paper's 46 us at difficulty 0 are the time of one hash and everything round it in its C++ code. Since its times at difficulty 1 to 3 are that times the nonces, within 2 %, a board is described by one number; another program on the same board may well be faster.",
        'Time here is that of a desktop or server core with SHA instructions where it has them; it does not carry over to a board, the number of nonces does.',
      ],
      headlines: [
        {
          name: 'Nonces a vote at difficulty 1, average',
          paper: given(15.96, 'nonces', SOURCE),
          here: cellsOf(records, 1).figure('tried.mean', 'nonces', { interval: 'triedMeanInterval' }),
        },
        {
          name: 'Time to a nonce at difficulty 1, average',
          paper: given(0.74, 'ms', SOURCE, '740 us'),
          here: cellsOf(records, 1).figure('msEach', 'ms'),
        },
      ],
    };
  },
};

function solutionsOf({ quick }: Pick<PaperOptions, 'quick'>, difficulty: number): number {
  return (quick ? SOLUTIONS_QUICK : SOLUTIONS)[difficulty]!;
}

function cellsOf(records: RawRecords, difficulty: number): RawCells {
  return new RawCells(records, `work-${difficulty}`);
}

function number(title: string) {
  return { title, align: 'right' } as const;
}

function paperCell(difficulty: number, cell: (row: PaperRow) => Cell): Cell {
  const row = TABLE_III[difficulty];
  return row === undefined ? missing(BEYOND_PAPER) : cell(row);
}

function expectation(difficulty: number): Cell {
  return formula(16 ** difficulty, '', '16^d');
}

function noncesTable(records: RawRecords): PaperTable {
  return {
    id: 'work-nonces',
    caption: 'Nonces tried until one solves',
    columns: [
      number('difficulty'),
      number('expectation'),
      number('solutions here'),
      number('average'),
      number('minimum'),
      number('maximum'),
      number('paper: average'),
      number('paper: minimum'),
      number('paper: maximum'),
    ],
    rows: DIFFICULTIES.map((difficulty) => {
      const cells = cellsOf(records, difficulty);
      return [
        text(difficulty),
        expectation(difficulty),
        cells.figure('solutions', ''),
        cells.figure('tried.mean', '', { interval: 'triedMeanInterval' }),
        cells.figure('tried.min', ''),
        cells.figure('tried.max', ''),
        paperCell(difficulty, ({ meanTried }) => given(Number(meanTried), '', SOURCE, meanTried)),
        paperCell(difficulty, () => given(1, '', SOURCE)),
        paperCell(difficulty, ({ maxTried }) => given(maxTried, '', SOURCE)),
      ];
    }),
  };
}

function boardMs(difficulty: number): Cell {
  return formula(BOARD_HASH_MS * 16 ** difficulty, 'ms', BOARD_FORMULA);
}

function timeTable(records: RawRecords): PaperTable {
  const bitcoin = `16^${BITCOIN_DIFFICULTY} hashes cannot be tried`;
  return {
    id: 'work-time',
    caption: 'Time to a nonce, average',
    columns: [
      number('difficulty'),
      number('here'),
      number('here, CPU'),
      number('rate here'),
      number('board, calibrated'),
      number('paper'),
    ],
    rows: [
      ...DIFFICULTIES.map((difficulty) => {
        const cells = cellsOf(records, difficulty);
        return [
          text(difficulty),
          cells.figure('msEach', 'ms'),
          cells.figure('cpuMsEach', 'ms'),
          cells.figure('millionHashesPerSecond', 'M hashes/s'),
          boardMs(difficulty),
          paperCell(difficulty, ({ timeMs, timeText }) => given(timeMs, 'ms', SOURCE, timeText)),
        ];
      }),
      [
        text(`${BITCOIN_DIFFICULTY} (Bitcoin)`),
        missing(bitcoin),
        missing(bitcoin),
        missing(bitcoin),
        formula((BOARD_HASH_MS * 16 ** BITCOIN_DIFFICULTY) / MS_PER_YEAR / 1e9, 'billion years', BOARD_FORMULA),
        given(7, 'billion years', SOURCE, '~ 7 billion years'),
      ],
    ],
  };
}

const IMPLEMENTATIONS = [
  { path: 'bare', name: 'crypto.hash of one text, again and again: the bound' },
  { path: 'long', name: 'search of a node, long' },
  { path: 'short', name: 'search of a node, difficulty 1, preparation included' },
  { path: 'plain', name: 'search that joins prefix and nonce as strings, crypto.hash' },
  { path: 'portable', name: 'portable hash (@noble/hashes) of one text, again and again' },
] as const;

function hashingTable(records: RawRecords): PaperTable {
  const cells = new RawCells(records, 'work-hashing');
  return {
    id: 'work-hashing',
    caption: 'Implementations of the hash, one core, in turn within one process',
    columns: [{ title: 'implementation' }, number('rate'), number('share of the bound')],
    rows: IMPLEMENTATIONS.map(({ path, name }) => [
      text(name),
      cells.figure(`${path}.millionHashesPerSecond`, 'M hashes/s'),
      cells.figure(`${path}.sharePercent`, '%'),
    ]),
  };
}

function noncesPlot(records: RawRecords): PaperPlot {
  return {
    id: 'work-nonces',
    caption: 'Nonces tried by difficulty: average with its 95 % interval',
    x: { label: 'difficulty, zero nibbles', scale: 'linear' },
    y: { label: 'nonces tried', scale: 'log' },
    series: [
      {
        name: 'expectation, 16^d',
        source: 'model',
        mark: 'line',
        points: DIFFICULTIES.map((x) => ({ x, y: 16 ** x })),
      },
      {
        name: 'paper',
        source: 'paper',
        mark: 'points',
        points: TABLE_III.map(({ difficulty, meanTried }) => ({ x: difficulty, y: Number(meanTried) })),
      },
      {
        name: 'here',
        source: 'here',
        mark: 'points',
        points: DIFFICULTIES.flatMap((difficulty) => {
          const cells = cellsOf(records, difficulty);
          const of = (path: string) => cells.number(path);
          return plotted(difficulty, of('tried.mean'), of('triedMeanInterval.low'), of('triedMeanInterval.high'));
        }),
      },
    ],
  };
}

function timePlot(records: RawRecords): PaperPlot {
  return {
    id: 'work-time',
    caption: 'Time to a nonce by difficulty, average',
    x: { label: 'difficulty, zero nibbles', scale: 'linear' },
    y: { label: 'time, ms', scale: 'log' },
    series: [
      {
        name: `board, ${BOARD_FORMULA}`,
        source: 'model',
        mark: 'line',
        points: DIFFICULTIES.map((x) => ({ x, y: BOARD_HASH_MS * 16 ** x })),
      },
      {
        name: 'paper, Pi 3B+',
        source: 'paper',
        mark: 'points',
        points: TABLE_III.map(({ difficulty, timeMs }) => ({ x: difficulty, y: timeMs })),
      },
      {
        name: 'here',
        source: 'here',
        mark: 'points-and-line',
        points: DIFFICULTIES.flatMap((x) => plotted(x, cellsOf(records, x).number('msEach'))),
      },
    ],
  };
}

function finding(records: RawRecords): string {
  const measured = DIFFICULTIES.filter((difficulty) => cellsOf(records, difficulty).number('tried.mean') !== null);
  if (measured.length === 0) return 'The work of votes has not been measured.';
  const outside = measured.filter((difficulty) => {
    const cells = cellsOf(records, difficulty);
    const [low, high] = [cells.number('triedMeanInterval.low'), cells.number('triedMeanInterval.high')];
    return low !== null && high !== null && (16 ** difficulty < low || 16 ** difficulty > high);
  });
  const last = measured.at(-1)!;
  const cells = cellsOf(records, last);
  const agreement =
    outside.length === 0
      ? 'the expectation 16^d lies within the 95 % interval at every difficulty'
      : `the expectation 16^d lies outside the 95 % interval at difficulty ${outside.join(', ')} (one interval in twenty misses by chance)`;
  const one = cellsOf(records, 1).number('msEach');
  const times =
    one === null ? '' : ` A vote of difficulty 1 takes ${figureText(one, 'ms')} here, 740 us on the paper's board.`;
  return `At difficulty ${last} a vote takes ${figureText(cells.number('tried.mean')!, 'nonces')} on average (expected ${figureText(16 ** last, '')}); ${agreement}.${times}`;
}
