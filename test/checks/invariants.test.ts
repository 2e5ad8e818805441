/**
 * Every invariant three times: a history that keeps it, one that breaks it, and one that says too little. The histories
 * are made by real cores; what no core does is put into their lines, one small falsification at a time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INVARIANT_IDS, type InvariantId } from '../../orchestrator/checks/invariant-id.ts';
import type { CheckState, JudgedCheck } from '../../orchestrator/checks/verdict.ts';
import type { Observation } from '../../orchestrator/history/observation.ts';
import type { RunRecord } from '../../orchestrator/run/run-record.ts';
import { conspiracy, equivocation, PATIENCE_MS } from '../support/attacked-run.ts';
import { judgedInvariant, type Line, nth, RecordedRun, withFields } from '../support/recorded-run.ts';

/** Two purchases of node 1 and one of node 2, served, and then silence. */
/** Node 8 decides nothing. */
function deafNode(): RecordedRun {
  const run = new RecordedRun({
    onCopy: (_, message, to) => (message.kind === 'vote' && to === '8' ? null : message),
  });
  run.buy('1', 'a');
  return run;
}

function withoutVotes(): RecordedRun {
  const run = new RecordedRun({ onCopy: (_, message) => (message.kind === 'vote' ? null : message) });
  run.buy('1', 'a');
  return run;
}

/** The same run when the wait for rest took all of its time. */
function restless(record: RunRecord): RunRecord {
  const events = record.events.map((event) => (event.event === 'rest' ? { ...event, quiet: false } : event));
  return { ...record, events };
}

function honest(): RecordedRun {
  const run = new RecordedRun();
  run.buy('1', 'a');
  run.buy('2', 'b');
  run.buy('1', 'c', 'Tea');
  run.wait(PATIENCE_MS);
  return run;
}

/** Nothing is earned and nothing bought. */
function idle(): RecordedRun {
  const run = new RecordedRun({ units: 0 });
  run.wait(PATIENCE_MS);
  return run;
}

/** Voter 3 is killed when its vote is out and not acknowledged, and repeats it when it is back. */
function repeatedVote(): RecordedRun {
  const run = new RecordedRun({
    // Nobody gets a quorum before the voter is back, so its lock is still needed.
    onCopy: (from, message) => (message.kind === 'vote' && ['5', '6', '7', '8'].includes(from) ? null : message),
  });
  run.cores.order('1', 'a', 'Nespresso');
  run.cores.at(run.cores.t + 1, () => run.cores.kill('3'));
  run.cores.settle();
  run.cores.boot('3');
  run.cores.settle();
  return run;
}

const of =
  (event: string, seat?: string, more: (observation: Observation) => boolean = () => true) =>
  (line: Line): boolean =>
    line.observation.event === event && (seat === undefined || line.seat === seat) && more(line.observation);

/** The record of seat 5 has a hole where its disk was full. */
function withHole(run: RecordedRun): RunRecord {
  const [first] = run.of('decide', '5');
  const from = run.lines.filter(({ seat }) => seat === '5').indexOf(first!) + 1;
  const { seq, ...rest } = first!.observation;
  let count = 0;
  return run.record(({ seat, observation }) => {
    if (seat !== '5') return observation;
    const place = ++count;
    if (place < from || place > from + 30) return observation;
    return place < from + 30 ? null : { ...rest, seq, event: 'gap', from, to: place - 1, after: '', reason: 'ENOSPC' };
  });
}

interface Case {
  readonly holds: () => RunRecord;
  /** What is wrong with it, and how many lines prove it. */
  readonly violated: Readonly<Record<string, () => RunRecord>>;
  readonly unknown: Readonly<Record<string, () => RunRecord>>;
}

const kept = (): RunRecord => honest().record();
const nothing = { 'nothing happened': () => idle().record() };
const hole = { 'lines are missing': () => withHole(honest()) };
const silentSeat = {
  'a correct seat left no lines': () => honest().record(({ seat, observation }) => (seat === '4' ? null : observation)),
};
const falsified = (...args: Parameters<typeof nth>) => honest().record(nth(...args));

const CASES: Readonly<Record<Exclude<InvariantId, 'I20'>, Case>> = {
  I1: {
    holds: () => equivocation(['7', '8']).record(),
    violated: {
      'three equivocators and a double spender fork a wallet': () => equivocation(['6', '7', '8']).record(),
      'a decision leaves another balance': () =>
        falsified(3, of('decide'), (line) => withFields(line, { remU: Number(line.remU) + 1 })),
    },
    unknown: { ...nothing, ...hole, ...silentSeat },
  },
  I2: {
    holds: kept,
    violated: { 'three equivocators and a double spender fork a wallet': () => equivocation(['6', '7', '8']).record() },
    unknown: { ...nothing, ...hole },
  },
  I3: {
    holds: kept,
    violated: {
      'two chains': () => equivocation(['6', '7', '8']).record(),
      'a decision on a State that is not held': () =>
        falsified(
          0,
          of('decide', '4', ({ prevState }) => !/^0+$/.test(String(prevState))),
          (line) => withFields(line, { prevState: 'ab'.repeat(32) }),
        ),
      'a State comes back': () =>
        falsified(
          0,
          of('decide', '4', ({ prevState }) => !/^0+$/.test(String(prevState))),
          (line) => withFields(line, { newState: String(line.prevState) }),
        ),
    },
    unknown: { ...nothing, ...hole },
  },
  I4: {
    holds: kept,
    violated: {
      'a State that nothing hashes to': () =>
        falsified(5, of('decide'), (line) => withFields(line, { newState: 'cd'.repeat(32) })),
      'a request id that its fields do not hash to': () =>
        falsified(5, of('decide'), (line) => withFields(line, { reqId: 'cd'.repeat(32) })),
    },
    unknown: nothing,
  },
  I5: {
    holds: kept,
    violated: {
      'a counted vote without work': () =>
        falsified(4, of('vote.rx'), (line) => withFields(line, { nonce: 1_000_004 })),
      'a stored request without work': () =>
        falsified(4, of('req.rx'), (line) => withFields(line, { nonce: 1_000_004 })),
    },
    unknown: {
      ...nothing,
      'lines without a nonce': () =>
        honest().record(({ observation: { nonce: _, ...rest } }) => rest as unknown as Observation),
    },
  },
  I6: {
    holds: kept,
    violated: {
      'a vote that was never counted': () =>
        honest().record((line) => (of('vote.rx', '4', ({ voter }) => voter === '2')(line) ? null : line.observation)),
      'too few voters': () =>
        falsified(2, of('decide'), (line) => withFields(line, { voters: (line.voters as string[]).slice(0, 4) })),
      'a voter twice': () =>
        falsified(2, of('decide'), (line) =>
          withFields(line, { voters: [...(line.voters as string[]), (line.voters as string[])[0]] }),
        ),
      'the vote of a stranger': () =>
        falsified(2, of('decide'), (line) => withFields(line, { voters: [...(line.voters as string[]), 'ghost'] })),
      'another quorum than the configured one': () =>
        falsified(2, of('decide'), (line) => withFields(line, { qUsed: 2 })),
    },
    unknown: {
      ...nothing,
      'votes are missing where a node crashed': () => {
        const run = new RecordedRun();
        run.buy('1', 'a');
        run.cores.kill('4');
        run.cores.boot('4');
        run.buy('1', 'b');
        return run.record(
          nth(
            0,
            of('vote.rx', '4', ({ prevState }) => !/^0+$/.test(String(prevState))),
            () => null,
          ),
        );
      },
    },
  },
  I7: {
    holds: kept,
    violated: {
      'a second vote with another balance': () =>
        falsified(6, of('vote.tx'), (line) => [line, withFields(line, { remU: Number(line.remU) + 1 })]),
      'another vote in a later life': () =>
        repeatedVote().record(nth(1, of('vote.tx', '3'), (line) => withFields(line, { reqId: 'ee'.repeat(32) }))),
    },
    unknown: { ...nothing, ...hole, ...silentSeat },
  },
  I8: {
    holds: kept,
    violated: {
      'a balance that the rule does not give': () =>
        falsified(3, of('vote.cast'), (line) => withFields(line, { remU: Number(line.remU) + 1 })),
      'a State that is not held': () =>
        falsified(3, of('vote.cast'), (line) => withFields(line, { prevState: 'ab'.repeat(32) })),
      'a price that is not listed': () =>
        honest().record(({ observation }) =>
          observation.event === 'req.tx' || observation.event === 'req.rx'
            ? withFields(observation, { price: 1 })
            : observation,
        ),
    },
    unknown: {
      ...nothing,
      'the wallet is not known after missing lines': () => {
        const run = honest();
        const last = run.lines.filter(({ seat }) => seat === '5').findLastIndex(of('vote.cast'));
        let place = 0;
        return run.record(({ seat, observation }) => {
          if (seat !== '5' || place++ !== last) return observation;
          return [{ ...observation, event: 'gap', from: place, to: place + 8, after: '', reason: 'x' }, observation];
        });
      },
    },
  },
  I9: {
    holds: kept,
    violated: {
      'a wallet holds a unit more': () =>
        falsified(30, of('wallet', '3'), (line) => withFields(line, { cU: Number(line.cU) + 1 })),
      'a wallet is below zero': () => falsified(30, of('wallet', '3'), (line) => withFields(line, { cU: -1 })),
      'sensor data that was counted earns nothing': () =>
        falsified(10, of('sensor.rx', '3'), (line) => withFields(line, { counted: false })),
    },
    unknown: nothing,
  },
  I10: {
    holds: kept,
    violated: {
      'a service starts for what was not decided': () =>
        falsified(0, of('svc.start'), (line) => withFields(line, { reqId: 'ee'.repeat(32) })),
      'a service starts at somebody else': () => {
        const run = honest();
        const [start] = run.of('svc.start', '1');
        return run.record(
          nth(40, of('wallet', '5'), (line) => [line, { ...start!.observation, t: line.t, node: '5' }]),
        );
      },
    },
    unknown: { ...nothing, ...hole },
  },
  I11: {
    holds: kept,
    violated: { 'a service starts twice': () => falsified(0, of('svc.start'), (line) => [line, line]) },
    unknown: { ...nothing, ...hole },
  },
  I12: {
    holds: kept,
    violated: {
      'a purchase is never served': () => falsified(0, of('svc.end'), () => null),
      'a purchase is served twice': () => falsified(0, of('svc.end'), (line) => [line, line]),
    },
    unknown: {
      ...nothing,
      'the run ends at once': () => {
        const run = new RecordedRun();
        run.buy('1', 'a');
        return run.record(({ observation }) => (observation.event === 'svc.end' ? null : observation));
      },
    },
  },
  I13: {
    holds: kept,
    violated: {
      'a decision takes more than its price': () =>
        falsified(
          0,
          of('decide', '4', ({ R, prevState }) => R === '1' && !/^0+$/.test(String(prevState))),
          (line) => withFields(line, { remU: Number(line.remU) - 3 }),
        ),
      'units that nobody earned': () =>
        honest().record((line) =>
          of('wallet', '4', ({ id, t }) => id === '3' && t > 100)(line)
            ? withFields(line.observation, { cU: Number(line.observation.cU) + 50 })
            : line.observation,
        ),
      'a final read of something else': () => {
        const record = honest().record();
        const finals = new Map(record.finals);
        const report = finals.get('6')!;
        const wallets = report.wallets.map((wallet) =>
          wallet.id === '2' ? { ...wallet, units: wallet.units + 1 } : wallet,
        );
        finals.set('6', { ...report, wallets });
        return { ...record, finals };
      },
    },
    unknown: hole,
  },
  I14: {
    holds: kept,
    violated: {
      'five liars mint a hundred units': () => conspiracy().record(),
      'no correct node voted for it': () =>
        honest().record(({ observation }) =>
          observation.event.startsWith('vote.') && observation.event !== 'vote.rx' ? null : observation,
        ),
      'the requester spends what it has not earned': () =>
        honest().record(({ seat, observation }) =>
          seat === '1' && observation.event === 'sensor.tx' ? null : observation,
        ),
    },
    unknown: { ...nothing, ...hole },
  },
  I15: {
    holds: kept,
    violated: {
      'a node that hears no votes stays behind, and the run came to rest': () => deafNode().record(),
      'a node that hears no votes stays behind for long': () => {
        const run = deafNode();
        run.wait(PATIENCE_MS);
        return restless(run.record());
      },
    },
    unknown: {
      'nobody was read at the end': () => honest().record(undefined, { finals: new Map() }),
      'one was not read at the end': () => {
        const record = honest().record();
        return { ...record, finals: new Map([...record.finals].slice(1)) };
      },
      'they still differ right after a decision, and something is under way': () => restless(deafNode().record()),
    },
  },
  I16: {
    holds: kept,
    violated: {
      'no vote arrives, and the run came to rest': () => withoutVotes().record(),
      'no vote arrives for long': () => {
        const run = withoutVotes();
        run.wait(PATIENCE_MS);
        return restless(run.record());
      },
      'votes arrive late': () => {
        let slow = false;
        const run = new RecordedRun({ delayMs: () => (slow ? 6000 : 1) });
        slow = true;
        run.buy('1', 'a');
        return run.record();
      },
    },
    unknown: {
      ...nothing,
      'the run ends at once, and something is under way': () => restless(withoutVotes().record()),
      'its requester could not pay': () => {
        const run = new RecordedRun({ units: 5 });
        run.cores.order('1', 'a', 'Nespresso', 'force');
        run.wait(PATIENCE_MS);
        return run.record();
      },
    },
  },
  I17: {
    holds: kept,
    violated: {
      'a voter is left out': () =>
        falsified(3, of('decide'), (line) => withFields(line, { rewarded: (line.rewarded as string[]).slice(1) })),
      'somebody is rewarded who did not vote': () =>
        falsified(3, of('decide'), (line) => withFields(line, { rewarded: ['1', ...(line.rewarded as string[])] })),
      'a reward of another size': () => falsified(3, of('credit'), (line) => withFields(line, { deltaU: 11 })),
      'a credit is missing': () => falsified(3, of('credit'), () => null),
    },
    unknown: nothing,
  },
  I18: {
    holds: kept,
    violated: {
      'a wallet changes without a cause': () =>
        falsified(30, of('wallet', '3'), (line) => [
          line,
          withFields(line, { id: line.id === '7' ? '6' : '7', cU: 999, state: 'ab'.repeat(32) }),
        ]),
      'two votes of one voter count': () => falsified(0, of('vote.rx', '5'), (line) => [line, line]),
      'two requests on one State are kept': () => falsified(0, of('req.rx', '5'), (line) => [line, line]),
      'more rows than the bound': () => {
        const record = honest().record();
        const finals = new Map(record.finals);
        finals.set('6', { ...finals.get('6')!, storedVotes: 257 });
        return { ...record, finals };
      },
    },
    unknown: nothing,
  },
  I19: {
    holds: () => repeatedVote().record(),
    violated: {
      'another vote after the restart': () =>
        repeatedVote().record(nth(1, of('vote.tx', '3'), (line) => withFields(line, { remU: Number(line.remU) + 1 }))),
    },
    unknown: { ...nothing, 'nobody had to repeat a vote': kept },
  },
};

function assertState(judged: JudgedCheck, state: CheckState): void {
  assert.equal(judged.state, state, `${judged.check.id}: ${judged.detail}`);
  assert.equal(judged.evidence.length > 0, state === 'violated', judged.detail);
  const times = judged.evidence.map(({ observation }) => observation.t);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
    'evidence is in order of time',
  );
}

for (const invariant of INVARIANT_IDS) {
  if (invariant === 'I20') continue;
  const { holds, violated, unknown } = CASES[invariant];
  describe(invariant, () => {
    it('holds in an honest history', () => assertState(judgedInvariant(holds(), invariant), 'hold'));
    for (const [what, record] of Object.entries(violated)) {
      it(`is violated: ${what}`, () => assertState(judgedInvariant(record(), invariant), 'violated'));
    }
    for (const [what, record] of Object.entries(unknown)) {
      it(`is unknown: ${what}`, () => assertState(judgedInvariant(record(), invariant), 'unknown'));
    }
  });
}

describe('where an invariant does not apply', () => {
  it('I20 is unknown in every profile, and says why', () => {
    const judged = judgedInvariant(honest().record(), 'I20');
    assertState(judged, 'unknown');
    assert.match(judged.detail, /signs votes/);
  });

  it('I7 and I19 are unknown in a profile without locks', () => {
    const run = new RecordedRun({ lab: { profile: 'ref-c' } });
    run.buy('1', 'a');
    for (const invariant of ['I7', 'I19'] as const) {
      const judged = judgedInvariant(run.record(), invariant);
      assertState(judged, 'unknown');
      assert.match(judged.detail, /ref-c/);
    }
  });
});

describe('evidence', () => {
  it('of a fork is the two decisions, each after the votes of its quorum', () => {
    const judged = judgedInvariant(equivocation(['6', '7', '8']).record(), 'I1');
    const events = judged.evidence.map(({ observation }) => observation.event);
    assert.deepEqual(events.filter((event) => event === 'decide').length, 2);
    assert.deepEqual(events.filter((event) => event === 'vote.rx').length, 10);
    const seats = new Set(judged.evidence.map(({ seat }) => seat));
    assert.equal(seats.size, 2);
    for (const seat of seats) {
      const own = judged.evidence.filter((line) => line.seat === seat);
      assert.equal(own.at(-1)!.observation.event, 'decide');
      const decide = own.at(-1)!.observation;
      assert.ok(own.every(({ observation }) => observation.reqId === decide.reqId));
    }
  });

  it('of a second vote is the two votes', () => {
    const judged = judgedInvariant(CASES.I7.violated['a second vote with another balance']!(), 'I7');
    assert.equal(judged.evidence.length, 2);
    assert.deepEqual(new Set(judged.evidence.map(({ observation }) => observation.remU)).size, 2);
  });
});
