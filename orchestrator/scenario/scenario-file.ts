/**
 * A scenario file as values: YAML text to the parts of scenario-shape.ts, each with every problem it has, so that a
 * wrong part hides no problem of another. Entries of the timeline and of the checks are read one by one. What a part
 * refers to in other parts is not looked at here.
 */
import { nearestName } from '../../node/host/nearest-name.ts';
import { type Problem, shown } from '../../node/protocol/parameters.ts';
import { type Finding, findingsOf, pathText } from '../files/file-shapes.ts';
import { type Path, readYaml, sourceOf, type YamlSource } from '../files/yaml-source.ts';
import { CHECK, CHECKS_MAX, type WrittenCheck } from './check-shape.ts';
import { SECTION_NAMES, SECTIONS, type Sections } from './scenario-shape.ts';
import { FAULT, FAULTS_MAX, type WrittenFault } from './timeline-shape.ts';

/** `line` counts from 1; null where it is not the file that is wrong, but what was asked for beside it. */
export interface ScenarioProblem extends Problem {
  readonly line: number | null;
}

/** Takes a problem at `path`; `found` is looked up in the file where it is not given. */
export type Report = (path: Path, expected: string, found?: string) => void;

/** Undefined in place of a part that is wrong; null in place of such an entry. */
export type WrittenScenario = {
  readonly [K in Exclude<keyof Sections, 'timeline' | 'checks'>]: Sections[K] | undefined;
} & {
  readonly timeline: readonly (WrittenFault | null)[];
  /** Undefined where the file has none. */
  readonly checks: readonly (WrittenCheck | null)[] | undefined;
};

export interface ScenarioFile {
  readonly written: WrittenScenario;
  readonly source: YamlSource;
  /** Parts that could not be read. */
  readonly wrong: ReadonlySet<string>;
  readonly report: Report;
  /** Grows with `report`. */
  readonly problems: ScenarioProblem[];
}

export type ScenarioFileResult =
  | { readonly ok: true; readonly file: ScenarioFile }
  | { readonly ok: false; readonly problems: readonly ScenarioProblem[] };

/** Ok means: it is YAML and a map. Whether it has problems is in `file.problems`. */
export function readScenarioFile(text: string): ScenarioFileResult {
  const yaml = readYaml(text);
  return yaml.ok ? readSource(yaml.source) : yaml;
}

/** The same for maps, lists, text, numbers and booleans in place of YAML. */
export function readScenarioValue(value: Readonly<Record<string, unknown>>): ScenarioFileResult {
  return readSource(sourceOf(value));
}

function readSource(source: YamlSource): ScenarioFileResult {
  const problems: ScenarioProblem[] = [];
  const report: Report = (path, expected, found = shown(source.typed(path))) => {
    problems.push({ path: path.length === 0 ? 'file' : pathText(path), expected, found, line: source.lineOf(path) });
  };
  const value: unknown = source.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report([], `a map with keys of ${SECTION_NAMES.join(', ')}`);
    return { ok: false, problems };
  }
  const written = value as Record<string, unknown>;
  for (const key of Object.keys(written)) {
    if (!Object.hasOwn(SECTIONS, key)) reportFinding(report, { path: [key], expected: KEYS, known: SECTION_NAMES });
  }
  const wrong = new Set<string>();
  const parts: Record<string, unknown> = {};
  for (const name of SECTION_NAMES) {
    const found = Object.hasOwn(written, name) ? written[name] : undefined;
    if (Array.isArray(found) && (name === 'timeline' || name === 'checks')) {
      parts[name] = entries(name, found, report);
      continue;
    }
    const result = SECTIONS[name].safeParse(found);
    if (result.success) {
      parts[name] = result.data;
    } else {
      wrong.add(name);
      for (const finding of findingsOf(result.error)) reportFinding(report, finding, [name]);
    }
  }
  parts.timeline ??= [];
  return { ok: true, file: { written: parts as WrittenScenario, source, wrong, report, problems } };
}

const KEYS = `one of ${SECTION_NAMES.join(', ')}`;

function entries(name: 'timeline' | 'checks', found: readonly unknown[], report: Report): unknown[] {
  const most = name === 'timeline' ? FAULTS_MAX : CHECKS_MAX;
  if (found.length > most) {
    report([name], `at most ${most} entries`, String(found.length));
    return [];
  }
  return found.map((entry, index) => {
    const result = name === 'timeline' ? FAULT.safeParse(entry) : CHECK.safeParse(entry);
    if (result.success) return result.data;
    for (const finding of findingsOf(result.error)) reportFinding(report, finding, [name, index]);
    return null;
  });
}

function reportFinding(report: Report, { path, expected, known }: Finding, prefix: Path = []): void {
  const at = [...prefix, ...path];
  if (known === undefined) {
    report(at, expected);
    return;
  }
  const nearest = nearestName(String(at.at(-1)), known);
  report(at, expected, `an unknown name${nearest === null ? '' : ` (nearest: ${nearest})`}`);
}
