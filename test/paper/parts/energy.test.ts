import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coreRatio, energyOf, otherCpuMs } from '../../../orchestrator/paper/energy-model.ts';
import { energyPart, measureHashRates } from '../../../orchestrator/paper/parts/energy.ts';
import { throughputId } from '../../../orchestrator/paper/parts/throughput.ts';
import type { Cost } from '../../../orchestrator/paper/throughput-run.ts';
import { cellsOf, measuredRecord, presented, QUICK_OPTIONS } from '../../support/paper-section.ts';

/** Of 100 decisions: 200 hashes, 9 ms, 80 messages with 11,000 bytes each. */
const COST: Cost = {
  decisions: 100,
  elapsedMs: 1000,
  nodesCpuMs: 900,
  brokerCpuMs: 100,
  hashesTried: 14_000,
  hashesChecked: 6000,
  sent: { messages: 1000, payloadBytes: 100_000 },
  delivered: { messages: 7000, payloadBytes: 1_000_000 },
};
const RATES = { nativePerSecond: 2_000_000, portablePerSecond: 500_000 };

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, expected ${expected}`);

describe('energy of a decision', () => {
  it('is what was counted, at the prices of the board', () => {
    const { work, cpu, radio, total } = energyOf(COST, RATES);
    near(work.low, 200 * 46e-6 * 0.75);
    near(work.high, 200 * 46e-6 * 0.9);
    // 200 hashes are 0.1 ms here; a core of the board takes 8 to 23 times as long for the rest.
    near(otherCpuMs(COST, RATES), 8.9);
    assert.deepEqual(coreRatio(RATES), { low: 8, high: 23 });
    near(cpu.low, 8.9e-3 * 8 * 0.75);
    near(cpu.high, 8.9e-3 * 23 * 0.9);
    near(radio.low, 11_000 * 8 * 5e-9);
    near(radio.high, (11_000 + 80 * 200) * 8 * 10e-9 + 80 * 400e-6);
    near(total.low, work.low + cpu.low + radio.low);
    near(total.high, work.high + cpu.high + radio.high);
  });

  it('is a range also on a machine whose plain hash is slower than was assumed of its cores', () => {
    assert.deepEqual(coreRatio({ ...RATES, portablePerSecond: 100_000 }), { low: 4.6, high: 8 });
    assert.equal(otherCpuMs({ ...COST, nodesCpuMs: 5 }, RATES), 0);
  });

  it('measures how fast this machine hashes, natively faster than in JavaScript', () => {
    const { nativePerSecond, portablePerSecond } = measureHashRates(50);
    assert.ok(nativePerSecond > portablePerSecond && portablePerSecond > 1000);
  });

  it('is shown by part, with every assumption and its source', () => {
    const throughput = { ordered: 133, stuck: 0, perSecond: 100, cost: COST };
    const records = new Map([
      measuredRecord('energy-hash-rate', RATES),
      measuredRecord(throughputId({ nodes: 8, load: 'one' }), throughput),
    ]);
    const section = presented(energyPart, records, QUICK_OPTIONS);
    const [decision, assumptions] = section.tables;
    const [, , part, counted, low] = decision!.rows[0]!;
    assert.deepEqual([part, counted?.kind === 'figure' && counted.value], [{ kind: 'text', text: 'work' }, 200]);
    assert.equal(low?.kind === 'figure' ? low.value.toFixed(2) : low, '6.90');
    assert.equal(decision!.rows.length, 5);
    assert.equal(assumptions!.rows.length, 9);
    for (const row of assumptions!.rows) assert.ok(row[3]?.kind === 'text' && row[3].text.length > 10);
    assert.match(section.finding, /^A decision among eight boards takes between 61 and 227 mJ .*processor time/);
  });

  it('cannot be estimated without what it rests on, and says which', () => {
    const costs = measuredRecord(throughputId({ nodes: 8, load: 'one' }), { cost: { ...COST, decisions: 0 } });
    const reasons = (records: Map<string, ReturnType<typeof measuredRecord>[1]>): readonly string[] => [
      ...new Set(
        cellsOf(presented(energyPart, records, QUICK_OPTIONS)).flatMap((cell) =>
          cell.kind === 'missing' ? [cell.reason] : [],
        ),
      ),
    ];
    assert.deepEqual(reasons(new Map([costs])), ['the hash rate: not measured yet', 'not measured yet']);
    assert.deepEqual(reasons(new Map([costs, measuredRecord('energy-hash-rate', RATES)])), [
      'nothing was decided',
      'not measured yet',
    ]);
  });
});
