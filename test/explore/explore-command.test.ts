import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { CommandLine } from '../support/command-line.ts';

interface Found {
  readonly schedules: number;
  readonly stuckShare: Readonly<Record<string, number>>;
  readonly found: {
    readonly seed: number;
    readonly invariant: string;
    readonly detail: string;
    readonly file: string;
    readonly replay: readonly string[];
  } | null;
}

function commandLine(test: TestContext): CommandLine {
  const wallance = new CommandLine();
  test.after(() => rmSync(wallance.home, { recursive: true, force: true }));
  return wallance;
}

describe('wallance explore', () => {
  it('writes a scenario that shows the same violation again', async (test) => {
    const wallance = commandLine(test);
    const { code, stdout } = await wallance.run('explore', '--profile', 'ref-c', '--seeds', '200', '--json');
    assert.equal(code, 1, stdout);
    const { found } = JSON.parse(stdout) as Found;
    assert.ok(found !== null);
    assert.equal(found.invariant, 'I1');
    assert.match(readFileSync(join(wallance.home, found.file), 'utf8'), /expect: violate/);
    const [, , ...replay] = found.replay;
    const again = await wallance.ok(...replay);
    assert.match(again, /expected to be violated\): violated, as expected/);
    assert.ok(again.includes(found.detail), `${found.detail} is not what the run saw:\n${again}`);
  });

  it('shows how many schedules there were and which requests are stuck', async (test) => {
    const wallance = commandLine(test);
    const text = await wallance.ok('explore', '--seeds', '30', '--nodes', '8');
    assert.match(text, /30 schedules of paper, within bounds/);
    assert.match(text, /stuck: .*double \d/);
    assert.match(text, /NONE {3}no violation in 30 schedules/);
  });

  it('refuses bounds and node counts that mean nothing', async (test) => {
    const wallance = commandLine(test);
    for (const args of [
      ['--within-bounds', '--beyond'],
      ['--nodes', '9..4'],
      ['--nodes', '1'],
      ['--seeds', '0'],
    ]) {
      const { code } = await wallance.run('explore', ...args);
      assert.equal(code, 64, args.join(' '));
    }
  });
});
