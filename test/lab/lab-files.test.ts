import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../orchestrator/failure.ts';
import { CommandServer, callCommand } from '../../orchestrator/lab/command-socket.ts';
import { openCredentials } from '../../orchestrator/lab/credentials.ts';
import { LabDirectory } from '../../orchestrator/lab/lab-directory.ts';
import { takeLabLock } from '../../orchestrator/lab/lab-lock.ts';
import { identify, isAlive, signalProcess } from '../../orchestrator/lab/process-identity.ts';
import { FileFollower, lastLines } from '../../orchestrator/runtimes/file-tail.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'wallance-files-'));

test('a lock is held by one, and free again when its holder was killed', async () => {
  const file = join(folder(), 'lab.lock');
  const module = new URL('../../orchestrator/lab/lab-lock.ts', import.meta.url).href;
  const program = `const { takeLabLock } = await import(${JSON.stringify(module)});
    const lock = takeLabLock(${JSON.stringify(file)}); console.log(lock === null ? 'busy' : 'taken'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(holder.stdout, 'data')) as [Buffer];
  assert.equal(said.toString().trim(), 'taken');
  assert.equal(takeLabLock(file), null);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const lock = takeLabLock(file);
  assert.notEqual(lock, null);
  lock?.release();
});

test('a pid that belongs to another process now is not ours', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const identity = identify(child.pid!);
  assert.ok(identity !== null && isAlive(identity));
  const other = { ...identity, started: `${identity.started}0` };
  assert.equal(isAlive(other), false);
  assert.equal(signalProcess(other, 'SIGKILL'), false);
  assert.equal(signalProcess(identity, 'SIGKILL'), true);
  await once(child, 'exit');
  assert.equal(isAlive(identity), false);
});

test('passwords are drawn once and only their owner can read them', () => {
  const directory = join(folder(), 'credentials');
  const first = openCredentials(directory, ['1', '2']);
  const again = openCredentials(directory, ['1', '2', '3']);
  assert.equal(again.fabric.get('1')?.password, first.fabric.get('1')?.password);
  const all = [again.lab, ...again.fabric.values(), ...again.control.values()];
  assert.equal(new Set(all.map(({ password }) => password)).size, 7);
  for (const { file, password } of all) {
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(password.length, 32);
  }
});

test('a name that would lead out of the home is no lab', () => {
  for (const name of ['../x', '', '.', 'A', 'a/b', 'x'.repeat(33)])
    assert.throws(() => new LabDirectory('/tmp', name), Failure);
});

test('commands get events, then a result; failures keep their code', async () => {
  const path = join(folder(), 'lab.sock');
  const server = await CommandServer.listen(path, async (request, emit) => {
    const { n } = request as { n: number };
    if (n < 0) throw new Failure('refused', 'below zero');
    for (let i = 0; i < n; i++) emit(i);
    return { sum: n };
  });
  const events: unknown[] = [];
  assert.deepEqual(await callCommand(path, { n: 3 }, { onEvent: (event) => events.push(event) }), {
    result: { sum: 3 },
  });
  assert.deepEqual(events, [0, 1, 2]);
  await assert.rejects(callCommand(path, { n: -1 }), (error) => error instanceof Failure && error.code === 'refused');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await server.close();
  assert.equal(await callCommand(path, { n: 1 }), null);
});

test('a caller that goes away aborts its command', async () => {
  const path = join(folder(), 'lab.sock');
  let gone: (value: boolean) => void = () => {};
  const aborted = new Promise<boolean>((done) => {
    gone = done;
  });
  const server = await CommandServer.listen(path, (_request, emit, signal) => {
    emit('begun');
    return new Promise((_, fail) => {
      signal.addEventListener('abort', () => {
        gone(true);
        fail(new Failure('interrupted', 'gone'));
      });
    });
  });
  const caller = new AbortController();
  await assert.rejects(
    callCommand(path, {}, { signal: caller.signal, onEvent: () => caller.abort() }),
    (error) => error instanceof Failure && error.code === 'interrupted',
  );
  assert.equal(await aborted, true);
  await server.close();
});

test('a path too long for a socket gets a short one elsewhere', () => {
  const deep = new LabDirectory(join(folder(), 'x'.repeat(120)), 'lab');
  assert.ok(deep.socket.length < 100);
  assert.equal(deep.socket, new LabDirectory(join(deep.root, '..', '..'), 'lab').socket);
});

test('a followed file gives whole lines as they come, and starts over when it shrinks', () => {
  const file = join(folder(), 'log');
  const follower = new FileFollower(file, 0);
  assert.deepEqual(follower.lines(), []);
  writeFileSync(file, 'a\nb');
  assert.deepEqual(follower.lines(), ['a']);
  appendFileSync(file, 'c\nd\n');
  assert.deepEqual(follower.lines(), ['bc', 'd']);
  assert.deepEqual(follower.lines(), []);
  truncateSync(file, 0);
  appendFileSync(file, 'e\n');
  assert.deepEqual(follower.lines(), ['e']);
  assert.deepEqual(lastLines(join(folder(), 'none'), 3), []);
  writeFileSync(file, `${'x'.repeat(70_000)}\none\ntwo\n`);
  assert.deepEqual(lastLines(file, 5), ['one', 'two']);
  mkdirSync(join(folder(), 'sub'));
});
