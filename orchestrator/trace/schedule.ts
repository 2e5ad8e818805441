/**
 * Reads a hand-written message schedule: YAML text to a validated schedule, or every problem of the file at once with
 * its line. What can be known before anything runs is found here: names that no earlier step makes, nodes that are not
 * members, balances that the profile cannot express, checks that check nothing.
 *
 * Format (defaults in brackets):
 *   profile [paper], parameters [{}]    the rules
 *   nodes                               members "1".."n"
 *   wallets [{}], known                 units at the start, all at GENESIS: one figure, or a map from id
 *   services [any service at its price] the catalogue
 *   steps                               what happens, in order: schedule-shape.ts
 */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import type { Sha256Hex } from '../../node/protocol/hash.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import { shown } from '../../node/protocol/parameters.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { openWallet, type Wallet } from '../../node/protocol/wallet.ts';
import { type Finding, findingsOf, pathText } from '../files/file-shapes.ts';
import { type FileProblem, type Path, readYaml, type YamlSource } from '../files/yaml-source.ts';
import { type Report, ScheduleRules } from './schedule-rules.ts';
import { HEAD_SHAPE, type ScheduleHead, STEP_KEYS, STEP_SHAPES, type Step, type StepKind } from './schedule-shape.ts';

export interface Schedule {
  readonly profile: PaperProfile;
  readonly hash: Sha256Hex;
  readonly members: readonly string[];
  /** Wallets of a node when it starts for the first time. */
  readonly walletsOf: (node: string) => readonly Wallet[];
  readonly steps: readonly Step[];
}

export type ScheduleResult =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

export function readSchedule(text: string): ScheduleResult {
  const yaml = readYaml(text);
  if (!yaml.ok) return yaml;
  const { source } = yaml;
  const problems: FileProblem[] = [];
  const report: Report = (path, expected, found = shown(source.typed(path))) => {
    problems.push({ path: path.length === 0 ? 'file' : pathText(path), expected, found, line: source.lineOf(path) });
  };
  const reportAll = (findings: readonly Finding[], prefix: Path = []): void => {
    for (const { path, expected } of findings) report([...prefix, ...path], expected);
  };

  const head = HEAD_SHAPE.safeParse(source.value);
  if (!head.success) reportAll(findingsOf(head.error));
  const steps = readSteps(source, report, reportAll);
  const schedule = head.success ? assembled(head.data, source, steps, report) : null;
  if (problems.length > 0 || schedule === null) {
    return { ok: false, problems: problems.sort((a, b) => a.line - b.line) };
  }
  return { ok: true, schedule };
}

/** Null in place of a step that is wrong in itself. */
function readSteps(
  source: YamlSource,
  report: Report,
  reportAll: (findings: readonly Finding[], prefix: Path) => void,
): readonly (Step | null)[] {
  const { steps } = (source.value ?? {}) as { steps?: unknown };
  if (!Array.isArray(steps)) return [];
  return steps.map((value: unknown, index): Step | null => {
    const path = ['steps', index];
    const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    const named = STEP_KEYS.filter((key) => keys.includes(key));
    if (named.length !== 1) {
      const found = keys.length === 0 ? undefined : `a map with keys ${keys.join(', ')}`;
      report(path, `a step with exactly one of ${STEP_KEYS.join(', ')}`, found);
      return null;
    }
    const kind: StepKind = (value as { deliver?: unknown }).deliver === 'votes' ? 'votes' : named[0]!;
    const body = STEP_SHAPES[kind].safeParse(value);
    if (body.success) return { kind, index, line: source.lineOf(path), body: body.data } as Step;
    reportAll(findingsOf(body.error), path);
    return null;
  });
}

function assembled(
  head: ScheduleHead,
  source: YamlSource,
  steps: readonly (Step | null)[],
  report: Report,
): Schedule | null {
  const members = Array.from({ length: head.nodes }, (_, index) => String(index + 1));
  const hash = nativeSha256Hex;
  const result = namedProfile({
    profile: head.profile ?? 'paper',
    parameters: source.typed(['parameters']),
    members,
    catalogue: head.services === undefined ? null : new Map(Object.entries(head.services)),
    hash,
  });
  if (!result.ok) {
    for (const { path, expected, found } of result.problems) {
      report(path.startsWith('members') ? ['nodes'] : path.split('.'), expected, found);
    }
    return null;
  }
  const { profile } = result;
  const rules = new ScheduleRules(profile, members, report);
  rules.checkHead(head);
  rules.checkSteps(steps, source);

  const configured = profile.membership.kind === 'configured';
  const { wallets = {}, known = {} } = head;
  const units = new Map<string, number>(
    typeof wallets === 'number' ? members.map((id) => [id, wallets]) : Object.entries(wallets),
  );
  if (configured) for (const id of members) if (!units.has(id)) units.set(id, 0);
  const walletsOf = (node: string): readonly Wallet[] => {
    const visible = Object.hasOwn(known, node) ? known[node] : undefined;
    return [...units]
      .filter(([id]) => visible === undefined || visible.includes(id))
      .map(([id, c]) => openWallet(id, c));
  };
  return { profile, hash, members, walletsOf, steps: steps.filter((step) => step !== null) };
}
