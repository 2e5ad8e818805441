import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runCli } from '../../orchestrator/cli/run-cli.ts';
import { Terminal } from '../../orchestrator/cli/terminal.ts';
import { reportCommand } from '../../orchestrator/commands/report.ts';
import { remakeReport } from '../../orchestrator/report/write-report.ts';
import { equivocation } from '../support/attacked-run.ts';
import { invariantCheck, writeRun } from '../support/recorded-run.ts';

function world() {
  const home = mkdtempSync(join(tmpdir(), 'wallance-report-'));
  const directory = join(home, 'runs/attacked/1');
  const record = equivocation(['6', '7', '8']).record();
  writeRun(directory, { ...record, plan: { ...record.plan, checks: [invariantCheck('I1')] } });
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ runtime: 'docker', engine: '29.1' }));
  const text = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    write: (part: string) => {
      text[name] += part;
    },
  });
  const terminal = new Terminal({ stdout: stream('out'), stderr: stream('err'), colourAllowed: false });
  const run = (...args: readonly string[]) =>
    runCli(
      [reportCommand],
      ['report', ...args],
      {
        terminal,
        silent: terminal,
        home,
        cwd: home,
        inherited: {},
        signal: new AbortController().signal,
        github: null,
      },
      { version: '0', describe: () => '' },
    );
  return { home, directory, text, run };
}

test('the page is made again from the directory, and its address printed', async () => {
  const { directory, text, run } = world();
  assert.equal(await run('runs/attacked/1'), 0);
  const file = join(directory, 'report.html');
  assert.equal(text.out, `${pathToFileURL(file).href}\n`);
  const html = readFileSync(file, 'utf8');
  assert.match(html, /<title>checked: /);
  assert.match(html, /runtime docker/);
  assert.match(html, /29\.1/);
  assert.match(html, /data:image\/svg\+xml/, 'what has evidence has a picture');
});

test('--out puts it elsewhere, folders are made', async () => {
  const { home, directory, run } = world();
  assert.equal(await run('runs/attacked/1', '--out', 'pages/today/run.html'), 0);
  assert.ok(existsSync(join(home, 'pages/today/run.html')));
  assert.ok(!existsSync(join(directory, 'report.html')));
});

test('what is no run is said as the reader says it; what cannot be written is one of the records', async () => {
  const { text, run, home } = world();
  assert.equal(await run('nowhere'), 64);
  assert.match(text.err, /expected the directory of a run, got .*nowhere/);
  writeFileSync(join(home, 'a-file'), '');
  assert.equal(await run('runs/attacked/1', '--out', 'a-file/page.html'), 3);
});

test('a run that was interrupted stays so, whatever it is judged now; its own replay command is kept', async () => {
  const { directory } = world();
  const replay = ['npx', 'wallance', 'run', 'scenarios/a b.yaml', '--seed', '9'];
  writeFileSync(
    join(directory, 'result.json'),
    JSON.stringify({ exitCode: 130, replay, tookMs: 12, startedAt: 'then' }),
  );
  const { summary } = remakeReport(directory, null);
  assert.equal(summary.exitCode, 130);
  assert.deepEqual(summary.replay, replay);
  assert.match(readFileSync(join(directory, 'report.html'), 'utf8'), /run &#39;scenarios\/a b\.yaml&#39; --seed 9/);
  writeFileSync(join(directory, 'result.json'), 'not json');
  assert.equal(remakeReport(directory, null).summary.exitCode, 1);
});
