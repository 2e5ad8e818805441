import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { judge } from '../../orchestrator/checks/judge.ts';
import { loadRun } from '../../orchestrator/checks/load-run.ts';
import { Failure, type FailureCode } from '../../orchestrator/failure.ts';
import { linesOf } from '../../orchestrator/files/lines.ts';
import type { RunRecord } from '../../orchestrator/run/run-record.ts';
import type { PlannedCheck } from '../../orchestrator/scenario/scenario-plan.ts';
import { equivocation } from '../support/attacked-run.ts';
import { CommandLine } from '../support/command-line.ts';
import { invariantCheck, RecordedRun, writeRun } from '../support/recorded-run.ts';

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-check-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function bought(checks: readonly PlannedCheck[] = [invariantCheck('I1')]): RunRecord {
  const run = new RecordedRun({ checks });
  run.buy('1', 'a');
  return run.record();
}

function refused(code: FailureCode, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  };
}

describe('a run directory', () => {
  it('is judged like the run that it was written from', (t) => {
    const directory = join(temporary(t), 'run');
    const record = bought();
    writeRun(directory, record);
    const loaded = loadRun(directory);
    assert.deepEqual(judge(loaded.record), judge(record));
    assert.deepEqual(loaded.record.gaps, []);
    assert.equal([...loaded.record.history()].length, [...record.history()].length);
  });

  it('is found by its scenario, whose latest run is taken', (t) => {
    const scenario = temporary(t);
    writeRun(join(scenario, 'run-1'), bought());
    symlinkSync('run-1', join(scenario, 'latest'));
    assert.equal(loadRun(scenario).record.plan.name, 'checked');
    assert.equal(loadRun(join(scenario, 'latest')).record.plan.name, 'checked');
  });

  it('keeps twins apart by their seats', (t) => {
    const directory = join(temporary(t), 'run');
    const seats = [...Array(8).keys()].map((i) => ({
      seat: i === 7 ? '7b' : String(i + 1),
      node: String(i === 7 ? 7 : i + 1),
    }));
    const run = new RecordedRun({ lab: { seats } });
    run.buy('1', 'a');
    writeRun(directory, run.record());
    const writers = new Set([...loadRun(directory).record.history()].map(({ seat }) => seat));
    assert.deepEqual([...writers].sort(), ['1', '2', '3', '4', '5', '6', '7', '7b']);
  });

  it('that is none is refused', (t) => {
    const directory = temporary(t);
    assert.throws(() => loadRun(join(directory, 'nowhere')), refused('usage', /does not exist/));
    assert.throws(() => loadRun(directory), refused('usage', /no scenario\.resolved\.yaml/));
  });

  it('of another version is refused, with what was expected', (t) => {
    const directory = join(temporary(t), 'run');
    const record = bought();
    writeRun(directory, record);
    writeFileSync(join(directory, 'scenario.resolved.yaml'), stringify({ ...record.plan, schema: 2 }));
    assert.throws(() => loadRun(directory), refused('usage', /schema: expected 1, got 2/));
    writeFileSync(join(directory, 'scenario.resolved.yaml'), stringify({ schema: 1, lab: {} }));
    assert.throws(() => loadRun(directory), refused('usage', /seats: expected a list[\s\S]*lab\.services/));
  });

  for (const file of ['history.ndjson', 'events.ndjson']) {
    it(`without ${file} is incomplete`, (t) => {
      const directory = join(temporary(t), 'run');
      writeRun(directory, bought());
      rmSync(join(directory, file));
      assert.throws(() => loadRun(directory), refused('artefacts', new RegExp(`no ${file}`)));
    });
  }

  it('says which seats gave no final report', (t) => {
    const directory = join(temporary(t), 'run');
    writeRun(directory, bought());
    rmSync(join(directory, 'nodes', '3'), { recursive: true });
    assert.deepEqual(loadRun(directory).record.gaps, ['seat 3 has no final report']);
  });

  it('with a torn last line is read up to it', (t) => {
    const directory = join(temporary(t), 'run');
    const record = bought();
    writeRun(directory, record);
    appendFileSync(join(directory, 'history.ndjson'), '{"seq":999,"t":1');
    assert.deepEqual(judge(loadRun(directory).record), judge(record));
  });
});

it('lines of a large file are whole wherever a piece of it ends', (t) => {
  const file = join(temporary(t), 'lines');
  const lines = Array.from({ length: 40_000 }, (_, index) => `${index} ${'ä€'.repeat(index % 37)}`);
  lines.push('x'.repeat(3 << 20), 'end without a line break');
  writeFileSync(file, lines.join('\n'));
  assert.deepEqual([...linesOf(file)], lines);
});

describe('wallance check', () => {
  it('prints what every check found and ends with 0, 1 or 2', async (t) => {
    const home = temporary(t);
    const cli = new CommandLine(home);
    const runs: readonly (readonly [string, RunRecord, number, RegExp])[] = [
      ['pass', bought(), 0, /I1 agreement.* hold .*\n[\s\S]*PASS {2}pass/],
      ['inconclusive', bought([invariantCheck('I20')]), 2, /unknown[\s\S]*INCONCLUSIVE/],
      ['failed', forked(), 1, /violated[\s\S]*FAILED/],
    ];
    for (const [name, record, code, pattern] of runs) {
      writeRun(join(home, name), record);
      const ended = await cli.run('check', name);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stdout, pattern);
    }
  });

  it('prints the judgement as JSON', async (t) => {
    const home = temporary(t);
    writeRun(join(home, 'run'), forked());
    const { code, stdout } = await new CommandLine(home).run('check', 'run', '--json');
    assert.equal(code, 1);
    const judgement = JSON.parse(stdout) as ReturnType<typeof judge>;
    assert.equal(judgement.verdict, 'failed');
    assert.equal(judgement.checks[0]!.evidence.length, 12);
  });

  it('ends with 64 where there is no run and with 3 where a part of it is missing', async (t) => {
    const home = temporary(t);
    const cli = new CommandLine(home);
    assert.equal((await cli.run('check', 'nowhere')).code, 64);
    assert.equal((await cli.run('check')).code, 64);
    writeRun(join(home, 'run'), bought());
    rmSync(join(home, 'run', 'history.ndjson'));
    const { code, stderr } = await cli.run('check', 'run');
    assert.equal(code, 3);
    assert.match(stderr, /history\.ndjson/);
  });
});

function forked(): RunRecord {
  const record = equivocation(['6', '7', '8']).record();
  return { ...record, plan: { ...record.plan, checks: [invariantCheck('I1')] } };
}
