/**
 * The golden traces: each file of test/traces is a message schedule that a person can read and run with
 * `wallance trace`, and everything it expects must hold.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PROFILE_NAMES } from '../../node/protocol/profiles.ts';
import { traceCommand } from '../../orchestrator/trace/trace-command.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'test', 'traces');
const FILES = readdirSync(FOLDER).sort();

async function traced(path: string): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const code = await traceCommand([path, '--json'], {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
  });
  return { code, stdout, stderr };
}

/** The comment at the head of a file, as one line. */
function headOf(text: string): string {
  const lines = text.split('\n');
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('#')),
    )
    .map((line) => line.slice(1).trim())
    .join(' ');
}

describe('golden traces', () => {
  for (const file of FILES) {
    test(file.replace(/\.yaml$/, '').replaceAll('-', ' '), async () => {
      const path = join(FOLDER, file);
      const first = await traced(path);
      assert.equal(first.code, 0, first.stderr);
      const { expectations } = JSON.parse(first.stdout) as { expectations: { passed: number; failed: number } };
      assert.equal(expectations.failed, 0);
      assert.ok(expectations.passed > 0, 'a trace that expects nothing shows nothing');
      assert.equal((await traced(path)).stdout, first.stdout, 'the same schedule gives the same run');
    });
  }

  test('every trace is a YAML file that names its profile and says what it shows and by which rules', () => {
    const rules = new Set(
      readFileSync(join(ROOT, 'PROTOCOL.md'), 'utf8')
        .match(/^\*\*[RD]-\d\d/gm)
        ?.map((m) => m.slice(2)),
    );
    assert.ok(rules.size > 30, `${rules.size} numbered rules in PROTOCOL.md`);
    for (const file of FILES) {
      assert.match(file, /^[a-z0-9-]+\.yaml$/);
      const text = readFileSync(join(FOLDER, file), 'utf8');
      const head = headOf(text);
      const cited = /Source: (.*)$/.exec(head)?.[1]?.match(/[RD]-\d\d/g) ?? [];
      assert.ok(cited.length > 0, `${file} cites a rule in its head`);
      for (const rule of cited) assert.ok(rules.has(rule), `${file} cites ${rule}, which PROTOCOL.md does not have`);
      const profile = /^profile: (\S+)$/m.exec(text)?.[1] ?? 'paper';
      assert.ok(file.startsWith(`${profile}-`), `${file} begins with its profile, ${profile}`);
    }
  });

  test('there are traces for every profile', () => {
    for (const profile of PROFILE_NAMES)
      assert.ok(
        FILES.some((file) => file.startsWith(`${profile}-`)),
        profile,
      );
  });
});
