import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Sealer, type SealerOptions } from '../../node/host/sealer.ts';

/** Generous: what is waited for takes tens of milliseconds. A search that never ends fails here instead of hanging. */
const BOUND = { timeout: 60_000 };

const GENESIS = '0'.repeat(64);
const REQUEST = `11Nespresso21000${GENESIS}-1`;
const vote = (voter: number) => `${voter}1Nespresso21000${GENESIS}2`;

/** Prefix, and its smallest nonce at difficulty 0, 1, 2 ...; computed apart from this project (Python's hashlib). */
const GOLDEN: readonly (readonly [string, readonly number[]])[] = [
  [REQUEST, [0, 20, 84, 26680, 97297]],
  [vote(2), [0, 24, 317, 1932, 29517]],
  [vote(3), [0, 14, 161, 6426, 10390]],
  [vote(4), [0, 21, 188, 2090, 6249]],
  [vote(5), [0, 2, 361, 3118, 11621]],
  [vote(6), [0, 0, 221, 2242, 97141]],
  [vote(7), [0, 18, 81, 81, 28389]],
  [vote(8), [0, 6, 33, 5540, 40778]],
];

/** At difficulty 7 none of its first 1.2 thousand million nonces will do: minutes of work, well beyond the bound. */
const ENDLESS = 'endless 3';

function sealerFor(context: TestContext, options?: SealerOptions): Sealer {
  const sealer = new Sealer(options);
  context.after(() => sealer.close());
  return sealer;
}

test('inline and in the thread, a search finds the known nonces', BOUND, async (context) => {
  const sealer = sealerFor(context, { inlineDifficultyMax: 4 });
  for (const [prefix, nonces] of GOLDEN) {
    for (const [difficulty, nonce] of nonces.entries()) {
      assert.equal(sealer.seekInline(prefix, difficulty), nonce);
      assert.equal(await sealer.seek(`${prefix}/${difficulty}`, prefix, difficulty), nonce);
    }
  }
});

test('difficulty 2 is searched inline by default, difficulty 3 is left to the thread', (context) => {
  const sealer = sealerFor(context);
  assert.equal(sealer.seekInline(REQUEST, 2), 84);
  assert.equal(sealer.seekInline(REQUEST, 3), undefined);
  assert.equal(sealerFor(context, { inlineDifficultyMax: -1 }).seekInline(REQUEST, 0), undefined);
});

test('tickets are searched in the order they came', BOUND, async (context) => {
  const sealer = sealerFor(context);
  const order: number[] = [];
  await Promise.all(
    GOLDEN.map(async ([prefix, nonces], index) => {
      assert.equal(await sealer.seek(String(index), prefix, 3), nonces[3]);
      order.push(index);
    }),
  );
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('the event loop goes on while the thread searches at difficulty 4', BOUND, async (context) => {
  const sealer = sealerFor(context);
  await sealer.seek('so that the thread is there', REQUEST, 1);
  let found = false;
  let turns = 0;
  const turn = () => {
    turns++;
    if (!found) setImmediate(turn);
  };
  setImmediate(turn);
  assert.equal(await sealer.seek('long', REQUEST, 4), 97297);
  found = true;
  // A search on the event loop itself leaves room for one or two turns; beside it there is room for thousands.
  assert.ok(turns >= 20, `the event loop turned ${turns} times during 97,298 hashes`);
});

test('a cancelled search ends at once and the thread goes on with the next', BOUND, async (context) => {
  const sealer = sealerFor(context);
  const endless = sealer.seek('endless', ENDLESS, 7);
  const waiting = sealer.seek('waiting', ENDLESS, 7);
  const next = sealer.seek('next', vote(3), 3);
  sealer.cancel('waiting');
  assert.equal(await waiting, 'cancelled');
  sealer.cancel('endless');
  assert.equal(await endless, 'cancelled');
  assert.equal(await next, 6426);
  sealer.cancel('next');
  sealer.cancel('never sought');
});

test('a ticket that is sought again takes the place of its earlier search', BOUND, async (context) => {
  const sealer = sealerFor(context);
  const first = sealer.seek('ticket', ENDLESS, 7);
  const second = sealer.seek('ticket', ENDLESS, 7);
  const third = sealer.seek('ticket', vote(4), 3);
  assert.deepEqual(await Promise.all([first, second, third]), ['cancelled', 'cancelled', 2090]);
});

test('closing ends the thread in the middle of a search', BOUND, async () => {
  const sealer = new Sealer();
  const searches = [sealer.seek('a', ENDLESS, 7), sealer.seek('b', vote(2), 1)];
  await sealer.close();
  assert.deepEqual(await Promise.all(searches), ['cancelled', 'cancelled']);
  assert.throws(() => sealer.seek('c', REQUEST, 1), /closed sealer/);
  await sealer.close();
});

test('hashes and seconds count both ways of searching, given up ones included', BOUND, async (context) => {
  const sealer = sealerFor(context);
  assert.deepEqual([sealer.hashes, sealer.seconds], [0, 0]);
  sealer.seekInline(REQUEST, 1);
  assert.equal(sealer.hashes, 21);
  await sealer.seek('a', REQUEST, 4);
  assert.equal(sealer.hashes, 21 + 97298);
  const secondsBefore = sealer.seconds;
  assert.ok(secondsBefore > 0);
  const endless = sealer.seek('b', ENDLESS, 7);
  sealer.cancel('b');
  await endless;
  await sealer.seek('c', REQUEST, 1);
  assert.ok(sealer.hashes >= 21 + 97298 + 21);
  assert.ok(sealer.seconds >= secondsBefore);
});

test('an idle thread does not keep its process alive, a search does', BOUND, () => {
  const source = `
    import { Sealer } from ${JSON.stringify(new URL('../../node/host/sealer.ts', import.meta.url).href)};
    const nonce = await new Sealer().seek('only', ${JSON.stringify(REQUEST)}, 3);
    process.stdout.write(String(nonce));
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.deepEqual([child.status, child.stdout, child.stderr], [0, '26680', '']);
});

test('the built sealer finds its built thread', BOUND, (context) => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'wallance-sealer-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const project = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: {
      rootDir: root,
      outDir: folder,
      incremental: false,
      tsBuildInfoFile: null,
      typeRoots: [join(root, 'node_modules/@types')],
    },
    files: [join(root, 'node/host/sealer.ts'), join(root, 'node/host/sealer-worker.ts')],
    include: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const build = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
  assert.equal(build.stdout + build.stderr, '');
  const source = `
    import { Sealer } from ${JSON.stringify(pathToFileURL(join(folder, 'node/host/sealer.js')).href)};
    process.stdout.write(String(await new Sealer().seek('only', ${JSON.stringify(REQUEST)}, 3)));
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.deepEqual([child.status, child.stdout, child.stderr], [0, '26680', '']);
});
