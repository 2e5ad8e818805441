/** Rules of the tree that a compiler does not hold: they are executed, not remembered. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '');
const sources = tracked.filter((path) => /^(node|orchestrator|test)\/.*\.ts$/.test(path));
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const code = (path: string) => text(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
const importsOf = (path: string) =>
  [...text(path).matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) =>
    match[1]!.startsWith('.') ? normalize(join(dirname(path), match[1]!)) : match[1]!,
  );
const offenders = (paths: readonly string[], test: (path: string) => boolean) => paths.filter(test);
const under = (...folders: string[]) => sources.filter((path) => folders.some((folder) => path.startsWith(folder)));

describe('dependencies point inwards', () => {
  it('node/protocol imports itself and @noble/hashes, nothing else', () => {
    const bad = under('node/protocol/').flatMap((path) =>
      importsOf(path)
        .filter((i) => !i.startsWith('node/protocol/') && !i.startsWith('@noble/hashes/'))
        .map((i) => `${path}: ${i}`),
    );
    assert.deepEqual(bad, []);
  });

  it('simulation and behaviours import the protocol, node/host also Node and its own two libraries', () => {
    const allowed: Record<string, RegExp> = {
      'node/simulation/': /^(node\/(protocol|simulation)\/|@noble\/hashes\/)/,
      'node/behaviours/': /^node\/(protocol|simulation|behaviours)\//,
      'node/host/': /^(node\/(protocol|simulation|behaviours|host)\/|node:|mqtt(\/|$)|better-sqlite3$)/,
    };
    for (const [folder, pattern] of Object.entries(allowed)) {
      const bad = under(folder).flatMap((path) =>
        importsOf(path)
          .filter((i) => !pattern.test(i))
          .map((i) => `${path}: ${i}`),
      );
      assert.deepEqual(bad, []);
    }
  });

  it('nothing outside test imports a test', () => {
    assert.deepEqual(
      offenders(under('node/', 'orchestrator/'), (path) => importsOf(path).some((i) => i.startsWith('test/'))),
      [],
    );
  });
});

describe('purity', () => {
  it('protocol, simulation and behaviours read no clock and draw no lots', () => {
    const impure = /\bDate\.now\b|\bnew Date\b|\bMath\.random\b|\bperformance\.now\b|\bsetTimeout\b/;
    assert.deepEqual(
      offenders(under('node/protocol/', 'node/simulation/', 'node/behaviours/'), (path) => impure.test(code(path))),
      [],
    );
  });

  it('the environment is read in one file a program, and only those end the process', () => {
    const readers = offenders(under('node/', 'orchestrator/'), (path) => /\bprocess\.env\b/.test(code(path)));
    const enders = offenders(under('node/', 'orchestrator/'), (path) => /\bprocess\.exit\(/.test(code(path)));
    assert.deepEqual(
      readers.filter((p) => !READERS.includes(p)),
      [],
    );
    assert.deepEqual(
      enders.filter((p) => !ENDERS.includes(p)),
      [],
    );
  });
});

/** Composition roots: a node, the broker's process, the command line, the benchmark. */
const ENDERS = ['node/host/main.ts', 'orchestrator/main.ts'];
const READERS = ['node/host/config.ts', 'orchestrator/main.ts'];

describe('names and sizes', () => {
  it('files are kebab-case, hold one concept by name, and there are no barrels', () => {
    const bad = /(^|\/)(index|utils?|helpers?|common|misc|managers?|types)\.ts$|[A-Z_]/;
    assert.deepEqual(
      offenders(sources, (path) => bad.test(path)),
      [],
    );
  });

  it('no source file is longer than 650 lines', () => {
    assert.deepEqual(
      offenders(sources, (path) => text(path).split('\n').length > 650),
      [],
    );
  });

  it('tests neither sleep nor retry nor skip by habit', () => {
    const bad = /setTimeout\([a-z]+, *\d{3,}\)|timers\/promises|\b(it|test|describe)\.(skip|todo|only)\b/;
    assert.deepEqual(
      offenders(under('test/'), (path) => path !== 'test/style/tree.test.ts' && bad.test(code(path))),
      [],
    );
  });
});

describe('the page of a lab', () => {
  const page = tracked.filter((path) => /^orchestrator\/dashboard\/page\/.*\.(tsx?|html)$/.test(path));

  it('makes no markup of text and runs none of it: there is nothing that could', () => {
    const bad =
      /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|srcdoc|DOMParser|\beval\(|new Function|createContextualFragment|setAttribute\(/;
    assert.ok(page.length > 20);
    assert.deepEqual(
      offenders(page, (path) => bad.test(code(path))),
      [],
    );
  });

  it('asks for nothing outside of the lab, and its files are named and bounded like all others', () => {
    assert.deepEqual(
      offenders(page, (path) => /https?:\/\//.test(text(path))),
      [],
    );
    assert.deepEqual(
      offenders(page, (path) => /[A-Z_]/.test(path) || text(path).split('\n').length > 650),
      [],
    );
  });
});

describe('PROTOCOL.md', () => {
  const defined = new Set([...text('PROTOCOL.md').matchAll(/^\*\*([RD]-\d\d)/gm)].map((match) => match[1]!));
  const cited = (paths: readonly string[]) => {
    const ids = new Set<string>();
    for (const path of paths) {
      for (const match of text(path).matchAll(/\b([RD])-(\d\d)(?:\.\.[RD]-(\d\d))?/g)) {
        const last = match[3] ?? match[2]!;
        for (let i = Number(match[2]); i <= Number(last); i++) ids.add(`${match[1]}-${String(i).padStart(2, '0')}`);
      }
    }
    return ids;
  };
  const traces = tracked.filter((path) => path.startsWith('test/traces/'));

  it('defines every rule and deviation that is cited', () => {
    const unknown = [...cited([...sources, ...traces])].filter((id) => !defined.has(id));
    assert.deepEqual(unknown, []);
  });

  it('has every rule and deviation cited by code and by a test', () => {
    const byCode = cited(under('node/', 'orchestrator/'));
    const byTest = cited([...under('test/'), ...traces]);
    assert.ok(defined.size > 30);
    assert.deepEqual(
      [...defined].filter((id) => !byCode.has(id)),
      [],
      'not cited by code',
    );
    assert.deepEqual(
      [...defined].filter((id) => !byTest.has(id)),
      [],
      'not cited by a test',
    );
  });
});

describe('documents', () => {
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'PROTOCOL.md',
    'CHANGELOG.md',
    'docs/scenarios.md',
    'docs/metrics.md',
  ];
  const known = (name: string) => tracked.some((path) => path === name || path.startsWith(`${name}/`));

  it('every path of the tree that they name exists', () => {
    const names = documents.flatMap((document) =>
      [...text(document).matchAll(/\b((?:node|orchestrator|test)\/[A-Za-z0-9_/.-]*[A-Za-z0-9])/g)].map((m) => m[1]!),
    );
    assert.deepEqual(
      [...new Set(names)].filter((name) => !known(name)),
      [],
    );
  });

  it('every file that they link to or show exists', () => {
    const links = documents.flatMap((document) =>
      [...text(document).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((m) => normalize(join(dirname(document), m[1]!))),
    );
    assert.ok(links.length > 5);
    assert.deepEqual(
      [...new Set(links)].filter((link) => !known(link)),
      [],
    );
  });
});
