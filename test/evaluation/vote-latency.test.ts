/** Table II: votes that are really sent and heard again, and what is said of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InProcessFabric } from '../../node/host/in-process-transport.ts';
import type { Delivery, Transport } from '../../node/host/transport.ts';
import { Failure } from '../../orchestrator/failure.ts';
import type { Distribution } from '../../orchestrator/history/distribution.ts';
import { type LatencyFabric, measureVoteLatency } from '../../orchestrator/paper/measure-vote-latency.ts';
import type { RawData } from '../../orchestrator/paper/measurement.ts';
import { voteLatencyPart } from '../../orchestrator/paper/parts/vote-latency.ts';
import { measureRoundTrips } from '../../orchestrator/paper/round-trips.ts';
import { cellsOf, QUICK, recordsOf, rowsOf, shortly, tracedSection } from '../support/traced-section.ts';

const SIZES = [
  { idBytes: 8, payloadBytes: 72 },
  { idBytes: 16, payloadBytes: 96 },
  { idBytes: 32, payloadBytes: 144 },
] as const;

function measured(fabric: LatencyFabric, idBytes: 8 | 16 | 32, signal = new AbortController().signal) {
  return measureVoteLatency({ fabric, idBytes, samples: 50, warmUp: 10, signal });
}

function madeUp(meanMs: number, payloadBytes: number): RawData {
  const latencyMs = { count: 10, min: meanMs / 2, p50: meanMs * 0.9, p99: meanMs * 3, max: meanMs * 5, mean: meanMs };
  return { latencyMs, payloadBytes, topicBytes: 34 };
}

function everything(): Record<string, RawData | string> {
  return Object.fromEntries(
    SIZES.flatMap(({ idBytes, payloadBytes }) => [
      [`vote-latency-aedes-${idBytes}`, madeUp(0.2, payloadBytes)],
      [`vote-latency-mosquitto-${idBytes}`, 'mosquitto is nowhere'],
      [`vote-latency-in-process-${idBytes}`, madeUp(0.004, payloadBytes)],
    ]),
  );
}

describe('the way of a vote', () => {
  it('has the sizes of the paper and every sample, in the memory of one process', { timeout: 60_000 }, async () => {
    for (const { idBytes, payloadBytes } of SIZES) {
      const data = await measured('in-process', idBytes);
      const samples = data.samplesMs as readonly number[];
      assert.equal(data.payloadBytes, payloadBytes);
      assert.equal(samples.length, 50);
      assert.ok(samples.every((ms) => ms > 0));
      const { max } = data.latencyMs as Distribution;
      assert.ok(
        Math.abs(max - Math.max(...samples)) <= 0.00005 + Number.EPSILON,
        'rounded to a tenth of a microsecond',
      );
    }
  });

  it('is measured over the broker of labs', { timeout: 60_000 }, async () => {
    const data = await measured('aedes', 32);
    assert.equal(data.payloadBytes, 144);
    assert.equal((data.samplesMs as readonly number[]).length, 50);
    assert.equal(data.topicBytes, 'wallance/v1/paper/node-1/consensus'.length);
  });

  // With a broker the interruption comes while that starts, without one while the client does.
  for (const fabric of ['aedes', 'in-process'] as const) {
    it(`is not measured once it was interrupted: ${fabric}`, { timeout: 60_000 }, async () => {
      const interruption = new AbortController();
      const { signal } = interruption;
      const running = measureVoteLatency({ fabric, idBytes: 8, samples: 1e7, warmUp: 0, signal });
      setImmediate(() => interruption.abort());
      await assert.rejects(running, (error) => error instanceof Failure && error.code === 'interrupted');
    });
  }
});

describe('round trips', () => {
  it('leave out the first ones, and have one message under way at a time', async () => {
    const seat = new InProcessFabric().transport('a');
    const numbers: number[] = [];
    const payload = (number: number): Uint8Array => {
      numbers.push(number);
      return Uint8Array.of(number);
    };
    const latenciesMs = await measureRoundTrips({ transport: seat, payload, samples: 5, warmUp: 3 });
    assert.equal(latenciesMs.length, 5);
    assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
    await seat.close();
  });

  it('take no message of before for the one that is under way', async () => {
    const delivered: (readonly number[])[] = [];
    const latenciesMs = await measureRoundTrips({
      transport: repeating(delivered),
      payload: (number) => Uint8Array.of(number),
      samples: 4,
      warmUp: 0,
    });
    assert.equal(latenciesMs.length, 4);
    assert.deepEqual(delivered, [[0], [0, 1], [1, 2], [2, 3]], 'each after the one before it, once more');
  });
});

/** Delivers the payload before once more, and then the one that was published. */
function repeating(delivered: (readonly number[])[]): Transport {
  let handle: (delivery: Delivery) => void = () => {};
  let before: Uint8Array | null = null;
  return {
    connected: true,
    attach: async (handler) => {
      handle = handler;
    },
    publish: async (channel, payload) => {
      const all = before === null ? [payload] : [before, payload];
      before = payload;
      delivered.push(all.map((bytes) => bytes[0]!));
      for (const bytes of all) handle({ sender: 'a', channel, payload: bytes });
    },
    send: async () => {},
    close: async () => {},
  };
}

describe('Table II', () => {
  it('has a row for each fabric and size beside that of the paper, and a reason where one is missing', () => {
    const section = tracedSection(voteLatencyPart, recordsOf(everything()));
    const rows = rowsOf(section, 'vote-latency');
    assert.equal(rows.length, 12);
    const [, , , mean, min, max] = rows[0]!.map(shortly);
    assert.deepEqual([mean, min, max], [0.2, 0.1, 1]);
    assert.deepEqual(rows[1]!.slice(3).map(shortly), new Array(5).fill('mosquitto is nowhere'));
    assert.deepEqual(rows[3]!.slice(3, 6).map(shortly), ['1.66', '1.40', '5.98']);
    assert.match(section.finding, /144 bytes .*200\s\u00b5s .*1\.66 ms/);
    assert.doesNotMatch(section.finding, /mosquitto/);
  });

  it('says that nothing has been measured when nothing was', () => {
    const section = tracedSection(voteLatencyPart, recordsOf({}));
    assert.ok(cellsOf(section).every(({ kind }) => kind !== 'figure'));
    assert.match(section.finding, /not been measured/);
    assert.equal(section.plots[0]!.series.length, 1, 'the points of the paper');
  });

  it('tells of a vote that has not the size of the paper', () => {
    const records = recordsOf({ ...everything(), 'vote-latency-aedes-8': madeUp(0.2, 80) });
    const { limits } = tracedSection(voteLatencyPart, records);
    assert.equal(limits.filter((line) => line.includes('80 bytes here')).length, 1);
  });

  it('is nine measurements, the quick ones with fewer samples', () => {
    const seconds = (quick: boolean) =>
      voteLatencyPart.measurements({ ...QUICK, quick }).reduce((sum, one) => sum + one.seconds, 0);
    assert.equal(voteLatencyPart.measurements(QUICK).length, 9);
    assert.ok(seconds(true) < 15 && seconds(false) > seconds(true));
  });
});
