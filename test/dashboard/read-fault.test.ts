/** A fault in the words of the scenario language: read, or every problem at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAULT_KINDS_ANSWER } from '../../orchestrator/dashboard/api/fault-answer-shape.ts';
import { faultKinds } from '../../orchestrator/dashboard/fault-kinds.ts';
import { readFault } from '../../orchestrator/dashboard/read-fault.ts';
import { newPlan } from '../../orchestrator/lab/kept-lab.ts';

const SETTING = {
  plan: newPlan('lab', { nodes: 8, sensors: [] }),
  quorum: 5,
  byzantine: new Set(['8']),
  taken: new Set(['mine']),
  number: 1,
};

function fault(written: Record<string, unknown>) {
  const reading = readFault(written, SETTING);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.fault;
}

function problems(written: Record<string, unknown>): string[] {
  const reading = readFault(written, SETTING);
  assert.ok(!reading.ok);
  return reading.problems.map(({ path, expected, found }) => `${path}: ${expected.slice(0, 40)}, got ${found}`);
}

describe('a fault by hand', () => {
  it('is what a scenario would have', () => {
    const partition = fault({ partition: { sides: ['1-3', '4-8'] }, for: '30s' });
    assert.deepEqual(
      [partition.id, partition.title, partition.durationMs],
      ['partition-1', 'partition 1-3 | 4-8', 30_000],
    );
    assert.ok(partition.fault.kind === 'link' && partition.fault.rules.every(({ drop }) => drop === 1));
    assert.deepEqual(fault({ crash: 3 }).fault, { kind: 'crash', seats: ['3'], database: 'kept' });
    assert.deepEqual(fault({ pause: { nodes: 'byzantine' } }).fault, { kind: 'pause', seats: ['8'] });
    const drawn = fault({ restart: ['any 2'] }).fault;
    assert.equal(drawn.kind === 'restart' && drawn.seats.length, 2);
    const told = fault({ behave: { nodes: [1], behaviours: ['silent-voter'] } }).fault;
    assert.deepEqual(told, { kind: 'behave', seats: ['1'], behaviours: [{ kind: 'silent-voter' }] });
  });

  it('is refused with every problem at its path', () => {
    assert.deepEqual(problems({ crash: [9], at: 3, id: 'mine' }), [
      'at: nothing: a fault by hand begins at once, got 3',
      'id: an id that no other fault has, got "mine"',
      'crash: seats (1..8, nodes, all, honest, byzanti, got "9"',
    ]);
    assert.deepEqual(problems({ 'slow-disk': { nodes: 1, comit: '2 hours' } }).length, 2);
    assert.match(problems({})[0]!, /^fault: a fault with exactly one of/);
    assert.match(problems({ crash: 1, pause: 1 })[0]!, /^fault: a fault with exactly one of/);
    assert.match(problems({ restart: 1, for: '3s' })[0]!, /^for: no duration: restart leaves nothing to/);
    const unknown = { behave: { nodes: 1, behaviours: [{ overspender: { service: 'Coffee' } }] } };
    assert.match(problems(unknown)[0]!, /^behave\.behaviours\[0\]\.overspender\.service: /);
  });

  it('cannot poison what reads it', () => {
    assert.match(problems(JSON.parse('{"__proto__": 1, "constructor": 2}'))[0]!, /^fault: /);
    assert.match(problems({ crash: { nodes: [null, { a: [] }] } })[0]!, /^crash\.nodes/);
  });
});

describe('the kinds of faults', () => {
  it('have schemas whose references lead somewhere, and say what an attached lab cannot do', () => {
    const answer = FAULT_KINDS_ANSWER.parse(faultKinds('processes'));
    const references = [...JSON.stringify(answer).matchAll(/"#\/\$defs\/([^"]+)"/g)].map((match) => match[1]!);
    assert.ok(references.length > 10);
    assert.deepEqual(
      references.filter((name) => !Object.hasOwn(answer.definitions, name)),
      [],
    );
    assert.ok(answer.kinds.every(({ available, description }) => available && description !== ''));
    const attached = faultKinds('attached').kinds.filter(({ available }) => available);
    assert.deepEqual(
      attached.map(({ kind }) => kind),
      ['slow-disk', 'clock', 'behave'],
    );
  });
});
