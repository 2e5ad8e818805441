import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { verifyChain } from '../../node/host/observation-chain.ts';
import { type Observation, parseObservation } from '../../orchestrator/history/observation.ts';
import { simulateRun } from '../../orchestrator/simulated/simulation.ts';
import { eventfulPlan } from '../support/simulated-plan.ts';

const PROGRAM = join(import.meta.dirname, '../support/simulate-to-stdout.ts');
const inAnotherProcess = (seed: string) =>
  execFileSync(process.execPath, [PROGRAM, seed], { encoding: 'utf8', maxBuffer: 1 << 28 });

describe('a simulated run', () => {
  it('is the same byte for byte in two processes, and another one with another seed', () => {
    const first = inAnotherProcess('7');
    assert.ok(first.length > 1_000_000, `only ${first.length} characters were written`);
    assert.ok(first === inAnotherProcess('7'), 'two processes wrote something else for the same plan');
    assert.ok(first !== inAnotherProcess('8'), 'another seed changed nothing');
  });

  it('writes lines whose chain holds over all lives of a node', () => {
    const lines = new Map<string, string[]>();
    simulateRun(eventfulPlan('7'), {
      onLines: (seat, text) => {
        lines.set(seat, [...(lines.get(seat) ?? []), ...text.trimEnd().split('\n')]);
      },
    });
    assert.equal(lines.size, 8);
    for (const [seat, written] of lines) {
      const chain = verifyChain(written, { seq: 0, link: '0'.repeat(16) });
      assert.ok(chain.ok, `seat ${seat}: ${JSON.stringify(chain)}`);
    }
    assert.equal(lines.get('7')!.filter((line) => line.includes('"event":"boot"')).length, 2);
  });

  it('is the same as values as it is as lines, but for the chain', () => {
    const values: Observation[] = [];
    simulateRun(eventfulPlan('7'), { onObservation: (_seat, observation) => values.push(observation) });
    const parsed: Observation[] = [];
    simulateRun(eventfulPlan('7'), {
      onLines: (_seat, text) => {
        for (const line of text.trimEnd().split('\n')) parsed.push({ ...parseObservation(line)!, prev: '' });
      },
    });
    assert.equal(values.length, parsed.length);
    const events = new Set(values.map(({ event }) => event));
    for (const event of [
      'decide',
      'vote.rx',
      'req.rx',
      'byzantine',
      'reject',
      'svc.end',
      'canary.rx',
      'order',
      'credit',
    ])
      assert.ok(events.has(event), `no ${event} among the lines`);
    for (const [index, value] of values.entries()) {
      assert.deepEqual(JSON.parse(JSON.stringify(value)), parsed[index], `line ${index + 1}`);
    }
  });
});
