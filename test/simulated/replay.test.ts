import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { CommandLine } from '../support/command-line.ts';

const RUN = ['run', '--runtime', 'simulated', '--seed', '7', '--seconds', '3', '--purchases', '6'];

function commandLine(test: TestContext): CommandLine {
  const wallance = new CommandLine();
  test.after(() => rmSync(wallance.home, { recursive: true, force: true }));
  return wallance;
}

/** Directories of the runs in the home of `wallance`, oldest first. */
function runsOf({ home }: CommandLine): readonly string[] {
  const scenario = join(home, 'runs/baseline-8');
  return readdirSync(scenario)
    .filter((name) => name !== 'latest')
    .sort()
    .map((name) => join(scenario, name));
}

describe('wallance run --runtime simulated', () => {
  it('leaves a run directory like that of a live run, the same bytes each time', async (test) => {
    const wallance = commandLine(test);
    const result = await wallance.json<{ readonly verdict: string; readonly runtime: string }>(...RUN);
    assert.deepEqual([result.verdict, result.runtime], ['pass', 'simulated']);
    await wallance.ok(...RUN);
    const [first, second] = runsOf(wallance);
    for (const file of ['history.ndjson', 'events.ndjson', 'messages.ndjson', 'scenario.resolved.yaml', 'fabric.json'])
      assert.ok(readFileSync(join(first!, file)).equals(readFileSync(join(second!, file))), `${file} differs`);
    const found = readdirSync(first!);
    for (const file of ['gaps.json', 'junit.xml', 'manifest.json', 'nodes', 'report.html', 'result.json'])
      assert.ok(found.includes(file), `no ${file}`);
    assert.deepEqual(readdirSync(join(first!, 'nodes/3')).sort(), ['ledger.json', 'observations.ndjson']);
    await wallance.ok('check', 'runs/baseline-8/latest');
  });

  it('refuses what only real nodes have', async (test) => {
    const wallance = commandLine(test);
    const kept = await wallance.run(...RUN, '--keep');
    assert.equal(kept.code, 64);
    assert.match(kept.stderr, /--keep: expected not to be given with --runtime simulated/);
    const up = await wallance.run('up', '--runtime', 'simulated');
    assert.equal(up.code, 64);
    assert.match(up.stderr, /--runtime: expected processes, docker or auto/);
  });
});

describe('wallance replay', () => {
  it('finds the same history, or the first line that differs', async (test) => {
    const wallance = commandLine(test);
    await wallance.ok(...RUN);
    const [run] = runsOf(wallance);
    assert.match(await wallance.ok('replay', 'runs/baseline-8'), /^SAME {2}.*lines of history/);

    const history = join(run!, 'history.ndjson');
    const lines = readFileSync(history, 'utf8').split('\n');
    lines[99] = lines[99]!.replace('"event":', '"Event":');
    writeFileSync(history, lines.join('\n'));
    const changed = await wallance.run('replay', 'runs/baseline-8/latest');
    assert.equal(changed.code, 1);
    assert.match(
      changed.stdout,
      /^DIFFERENT .*history\.ndjson, line 100\n {2}recorded .*"Event".*\n {2}replayed .*"event"/,
    );

    writeFileSync(history, lines.slice(0, 50).join('\n'));
    assert.match(
      (await wallance.run('replay', 'runs/baseline-8/latest')).stdout,
      /line 51\n {2}recorded {2}\(the record/,
    );
  });

  it('refuses what is no run', async (test) => {
    const wallance = commandLine(test);
    await wallance.ok(...RUN);
    rmSync(join(runsOf(wallance)[0]!, 'manifest.json'));
    assert.equal((await wallance.run('replay', 'runs/baseline-8')).code, 3);
    assert.equal((await wallance.run('replay', 'runs/none')).code, 64);
  });
});
