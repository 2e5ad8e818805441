import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { CHAIN_START, linkOf, verifyChain } from '../../node/host/observation-chain.ts';
import { ObservationFile, ObservationFileError } from '../../node/host/observation-file.ts';
import { accepted, delivered, linesIn, linesOf, NOW_MS, observed, vote } from '../support/observed-steps.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'wallance-observations-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const CHAIN_FROM_START = { seq: 0, link: CHAIN_START };

test('each flush is in the file when it returns, and a restart goes on in the chain', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  for (let life = 1; life <= 3; life++) {
    const file = new ObservationFile(path, 1 << 20);
    assert.equal(file.repair, null);
    const { hear } = observed({ file });
    for (let i = 0; i < 4; i++) {
      hear();
      assert.equal(linesIn(path).length, (life - 1) * 4 + i + 1);
    }
    file.close();
  }
  const verdict = verifyChain(linesIn(path), CHAIN_FROM_START);
  assert.ok(verdict.ok && verdict.lastSeq === 12);
});

test('a torn last line is cut off and said, and the chain goes on before it', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const first = new ObservationFile(path, 1 << 20);
  const { hear } = observed({ file: first });
  for (let i = 0; i < 5; i++) hear();
  first.close();
  const whole = linesIn(path);
  for (const torn of [
    '{"seq":6,"t":1',
    '\0'.repeat(4096),
    '{"seq":6}\nnot json\n',
    '"a line of JSON, but no observation"\n',
    '\n\n',
  ]) {
    writeFileSync(path, `${whole.join('\n')}\n${torn}`);
    const file = new ObservationFile(path, 1 << 20);
    assert.deepEqual(file.place, { seq: 5, link: linkOf(whole[4]!) });
    assert.equal(file.repair, `cut ${torn.length} bytes after the last whole line of ${path}`);
    observed({ file }).hear();
    file.close();
    const verdict = verifyChain(linesIn(path), CHAIN_FROM_START);
    assert.ok(verdict.ok && verdict.lastSeq === 6, JSON.stringify(verdict));
  }
});

test('a file cut at any byte is taken up at its last whole line', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const first = new ObservationFile(path, 1 << 20);
  const { hear } = observed({ file: first });
  for (let i = 0; i < 3; i++) hear();
  first.close();
  const text = readFileSync(path, 'utf8');
  for (let size = text.length; size >= 0; size -= 7) {
    writeFileSync(path, text.slice(0, size));
    const file = new ObservationFile(path, 1 << 20);
    const left = linesOf(text.slice(0, text.slice(0, size).lastIndexOf('\n') + 1));
    if (left.length > 0 || size === 0) {
      assert.equal(file.place.seq, left.length);
      assert.equal(readFileSync(path, 'utf8'), left.map((line) => `${line}\n`).join(''));
    } else {
      // Not one whole line: what is there is kept aside.
      assert.equal(readFileSync(`${path}.damaged`, 'utf8'), text.slice(0, size));
      assert.match(file.repair!, /no whole line at the end/);
    }
    observed({ file }).hear();
    file.close();
    assert.ok(verifyChain(linesIn(path), CHAIN_FROM_START).ok);
  }
});

test('the file is rotated at its bound, keeps one older, and the chain runs through both', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const bound = 4096;
  const written: string[] = [];
  for (let life = 0; life < 4; life++) {
    const file = new ObservationFile(path, bound);
    const { hear, lines } = observed({ file });
    for (let i = 0; i < 23; i++) hear();
    file.close();
    written.push(...lines);
  }
  assert.ok(verifyChain(written, CHAIN_FROM_START).ok);
  assert.ok(statSync(path).size <= bound && statSync(`${path}.1`).size <= bound);
  const kept = [...linesIn(`${path}.1`), ...linesIn(path)];
  assert.deepEqual(kept, written.slice(-kept.length));
  assert.ok(kept.length > 10);
});

test('a node that was killed right after a rotation takes the chain up from the older file', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const first = new ObservationFile(path, 1 << 20);
  observed({ file: first }).hear();
  first.close();
  renameSync(path, `${path}.1`);
  for (const leftover of [false, true]) {
    if (leftover) writeFileSync(path, '');
    const file = new ObservationFile(path, 1 << 20);
    assert.equal(file.place.seq, 1);
    file.close();
  }
});

test('a step larger than the bound is written whole', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const file = new ObservationFile(path, 1000);
  const { observations } = observed({ file });
  for (let i = 0; i < 50; i++) observations.record(delivered(vote('2')), [accepted(vote('2'))], NOW_MS);
  observations.flush();
  observations.flush();
  file.close();
  assert.equal(linesIn(path).length, 50);
});

test('a directory that cannot be written is an error at the start', () => {
  assert.throws(
    () => new ObservationFile('/nonexistent/observations.ndjson', 1 << 20),
    (error) => error instanceof ObservationFileError && error.code === 'io' && /ENOENT/.test(error.message),
  );
});

/** A path that writes fail on with ENOSPC until `mend` puts a real file under it. */
function fullDisk(t: TestContext) {
  const path = join(directory(t), 'observations.ndjson');
  symlinkSync('/dev/full', path);
  return { path, mend: () => rmSync(path) };
}

test('on a full disk the node goes on, counts what is missing and says so once', (t) => {
  const { path } = fullDisk(t);
  const { observations, hear, lines, troubles } = observed({
    file: new ObservationFile(path, 1 << 20),
    nowMs: () => 10,
  });
  for (let i = 0; i < 100; i++) hear();
  assert.equal(observations.dropped, 100);
  assert.equal(lines.length, 100, 'the listener still gets every line');
  assert.ok(verifyChain(lines, CHAIN_FROM_START).ok);
  assert.deepEqual(troubles, [`observations cannot be written to ${path} (ENOSPC); the node goes on without`]);
});

test('when there is room again, a gap line says what is missing and the chain goes on', (t) => {
  const home = directory(t);
  const path = join(home, 'observations.ndjson');
  let nowMs = 0;
  const file = new ObservationFile(path, 1200);
  const { observations, hear, lines, troubles } = observed({ file, nowMs: () => nowMs });
  for (let i = 0; i < 3; i++) hear();
  // The next rotation fails: the name of the older file is taken by a directory that is not empty.
  mkdirSync(`${path}.1`);
  writeFileSync(join(`${path}.1`, 'x'), '');
  for (let i = 0; i < 10; i++) hear();
  assert.ok(observations.dropped > 5 && troubles.length === 1, `${observations.dropped} dropped`);
  nowMs += 5000;
  hear();
  assert.equal(troubles.length, 1, 'a retry that fails is not said again');
  rmSync(`${path}.1`, { recursive: true });
  nowMs += 500;
  hear();
  assert.equal(troubles.length, 1, 'it is not tried again at once');
  nowMs += 5000;
  hear();
  assert.equal(troubles.length, 2);
  assert.match(troubles[1]!, /are written again; \d+ lines are missing/);
  const dropped = observations.dropped;
  hear();
  file.close();

  const kept = [...linesIn(`${path}.1`), ...linesIn(path)];
  const verdict = verifyChain(kept, CHAIN_FROM_START);
  assert.ok(verdict.ok, JSON.stringify(verdict));
  assert.equal(verdict.gaps.length, 1);
  const { from, to } = verdict.gaps[0]!;
  assert.equal(to - from + 1, dropped);
  assert.equal(kept.length + dropped, lines.length);
  assert.ok(verifyChain(lines, CHAIN_FROM_START).ok, 'what the listener got has no hole');
});

/** Where a script outside the tree imports a module of the host from. */
function moduleUrl(name: string): string {
  return pathToFileURL(join(import.meta.dirname, `../../node/host/${name}.ts`)).href;
}

test('kill -9 at any moment loses no line that was flushed', async (t) => {
  const home = directory(t);
  const path = join(home, 'observations.ndjson');
  const script = join(home, 'writer.ts');
  const _source = (name: string) =>
    JSON.stringify(pathToFileURL(join(import.meta.dirname, `../../node/host/${name}.ts`)).href);
  writeFileSync(
    script,
    `import { writeSync } from 'node:fs';
     import { Observations } from ${JSON.stringify(moduleUrl('observations'))};
     import { ObservationFile } from ${JSON.stringify(moduleUrl('observation-file'))};
     const observations = new Observations({ node: '3', file: new ObservationFile(process.argv[2]!, 1 << 30), wallet: () => undefined });
     const message = ${JSON.stringify(vote('2'))};
     for (;;) {
       for (let i = 0; i < 3; i++) observations.record({ kind: 'start' }, [{ kind: 'accepted', sender: '2', message }], 1);
       observations.flush();
       writeSync(1, observations.seq + '\\n');
     }`,
  );
  let flushed = 0;
  for (let life = 1; life <= 3; life++) {
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    const exited = once(child, 'close');
    for await (const chunk of child.stdout) {
      told += chunk;
      if (told.length > life * 5000) child.kill('SIGKILL');
    }
    await exited;
    assert.equal(child.signalCode, 'SIGKILL');
    const lastTold = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
    const verdict = verifyChain(linesIn(path), CHAIN_FROM_START);
    assert.ok(verdict.ok, JSON.stringify(verdict));
    assert.ok(verdict.lastSeq >= lastTold && lastTold > flushed, `${verdict.lastSeq} in the file, ${lastTold} flushed`);
    flushed = lastTold;
    if (life === 2) appendFileSync(path, '{"seq":'); // as if the write itself had been torn
  }
  assert.ok(existsSync(path));
});

test('an append that the system cuts short leaves nothing of itself behind', async (t) => {
  const home = directory(t);
  const path = join(home, 'observations.ndjson');
  const script = join(home, 'writer.ts');
  writeFileSync(
    script,
    `import { ObservationFile } from ${JSON.stringify(moduleUrl('observation-file'))};
     const file = new ObservationFile(process.argv[2]!, 1 << 30);
     const results = [];
     for (const size of [9000, 500, 900, 700, 90]) results.push(file.append('x'.repeat(size - 1) + '\\n'));
     process.stdout.write(JSON.stringify(results));`,
  );
  // The limit is 20 blocks of 512 bytes: the third text is cut after 740 bytes, the fourth fits, the fifth is cut after 40.
  const child = spawn('/bin/sh', ['-c', 'ulimit -f 20; exec "$0" "$@"', process.execPath, script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let results = '';
  for await (const chunk of child.stdout) results += chunk;
  assert.deepEqual(JSON.parse(results), [null, null, 'EFBIG', null, 'EFBIG']);
  assert.deepEqual(
    linesIn(path).map((line) => line.length + 1),
    [9000, 500, 700],
  );
});
