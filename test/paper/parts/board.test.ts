import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type BoardData, type ContainerStretch, measureBoard } from '../../../orchestrator/paper/board-run.ts';
import { CannotMeasure } from '../../../orchestrator/paper/measurement.ts';
import { boardPart } from '../../../orchestrator/paper/parts/board.ts';
import { cellsOf, measureContext, measuredRecord, presented, unmeasuredRecord } from '../../support/paper-section.ts';

const MEBIBYTE = 1024 * 1024;

function stretch(node: string, changed: Partial<ContainerStretch> = {}): ContainerStretch {
  return {
    node,
    tookMs: 1000,
    cpuMs: 5,
    throttledPeriods: 0,
    periods: 10,
    memoryBytes: 40 * MEBIBYTE,
    rssBytes: 80 * MEBIBYTE,
    ...changed,
  };
}

const DATA: BoardData = {
  board: 'pi3bplus',
  nodes: 3,
  purchases: 20,
  engine: { version: '20.10', processors: 2, cgroup: 'v1 cgroupfs' },
  limits: {
    memoryBytes: 948 * MEBIBYTE,
    processors: 4,
    memoryBytesInForce: 948 * MEBIBYTE,
    memoryEnforced: true,
    processorsEnforced: true,
    calibrated: false,
  },
  warnings: ['the board has more cores'],
  idle: [stretch('1'), stretch('2'), stretch('3', { cpuMs: 20 })],
  busy: [stretch('1', { cpuMs: 100 }), stretch('2', { cpuMs: 300, throttledPeriods: 4 }), stretch('3', { cpuMs: 200 })],
  requesterMs: null,
  everywhereMs: { count: 20, min: 8, p50: 12, p95: 20, p99: 30, max: 31, mean: 13 },
};

describe('a node on a board profile', () => {
  it('cannot be measured where no engine answers, in the words of the runtime', async () => {
    const before = process.env.DOCKER_HOST;
    const context = measureContext();
    process.env.DOCKER_HOST = `unix://${join(context.directory, 'none.sock')}`;
    try {
      await assert.rejects(
        measureBoard('pi3bplus', { nodes: 2, idleMs: 1, purchases: 1 }, context),
        (error: unknown) => error instanceof CannotMeasure && /none\.sock does not exist/.test(error.message),
      );
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
    }
  });

  it('is shown at rest and during purchases, with the least and the most of the nodes', () => {
    const section = presented(boardPart, new Map([measuredRecord('board-pi3bplus', DATA)]));
    const [cost, limits] = section.tables;
    const values = (index: number): readonly unknown[] =>
      cost!.rows[index]!.slice(1).map((cell) => (cell.kind === 'figure' ? cell.value : cell.kind));
    assert.deepEqual(values(2), [0.5, 0.5, 2, 20, 10, 30]);
    assert.deepEqual(values(3), [0, 0, 0, 0, 0, 4]);
    assert.deepEqual(values(4), ['text', 'text', 'text', 12, 8, 31]);
    assert.deepEqual(
      limits!.rows.map((row) => row.map((cell) => (cell.kind === 'text' ? cell.text : cell.kind))),
      [
        ['memory', '948 MB', 'yes'],
        ['processors', '4', 'yes, of 2 that the engine’s machine has'],
        ['speed', '46 us a hash', 'no: the profile is uncalibrated'],
        ['warning', '', 'the board has more cores'],
      ],
    );
    assert.equal(
      section.finding,
      'A node holds 40 MB, 4.2 % of what the board has, takes 0.5 % of a core at rest, and was throttled in 4 periods of the purchases, which every node had after 12 ms (p50).',
    );
  });

  it('says where a limit is not enforced', () => {
    const limits = { ...DATA.limits, memoryEnforced: false, memoryBytesInForce: null };
    const section = presented(boardPart, new Map([measuredRecord('board-pi3bplus', { ...DATA, limits })]));
    const [, limitTable] = section.tables;
    assert.deepEqual(limitTable!.rows[0]![2], { kind: 'text', text: 'no: the engine does not enforce it' });
  });

  it('without an engine every cell says why', () => {
    const section = presented(
      boardPart,
      new Map([unmeasuredRecord('board-pi3bplus', 'no container engine\nInstall it')]),
    );
    assert.equal(section.finding, 'Not measured: no container engine.');
    const cells = cellsOf(section).filter(({ kind }) => kind !== 'text');
    assert.ok(cells.length > 20 && cells.every(({ kind }) => kind === 'missing'));
  });
});
