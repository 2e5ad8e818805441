/** Whether a list of link rules can be put into force: every problem at once, nothing assumed about what came in. */
import { type Problem, shown } from '../../node/protocol/parameters.ts';
import { MESSAGE_CLASSES } from './link-rule.ts';

export const LINK_RULES_MAX = 4096;
export const LINK_DELAY_MS_MAX = 3_600_000;
export const DUPLICATES_MAX = 100;
export const RATE_PER_SECOND_MAX = 1_000_000;
/** One an hour, about. */
export const RATE_PER_SECOND_MIN = 0.0003;

type Fields = Readonly<Record<string, unknown>>;

const CLASSES: readonly unknown[] = [...MESSAGE_CLASSES, 'canary'];

/** `seats`: those that there are. Empty where `rules` is a list of LinkRule with distinct ids. */
export function linkRuleProblems(rules: unknown, seats: ReadonlySet<string>): readonly Problem[] {
  if (!Array.isArray(rules) || rules.length > LINK_RULES_MAX)
    return [
      {
        path: 'links',
        expected: `at most ${LINK_RULES_MAX} rules`,
        found: Array.isArray(rules) ? `${rules.length}` : shown(rules),
      },
    ];
  const problems: Problem[] = [];
  const ids = new Set<unknown>();
  rules.forEach((rule: unknown, index) => {
    const path = `links[${index}]`;
    const reader = new RuleReader(path, problems);
    const fields = reader.object('', rule);
    if (fields === null) return;
    const { id } = fields;
    if (typeof id !== 'string' || id.length < 1 || id.length > 64) reader.refuse('.id', '1..64 characters', id);
    else if (ids.has(id)) reader.refuse('.id', 'another id than the rules before it', id);
    ids.add(id);
    reader.names('.from', fields.from, (seat) => seats.has(seat as string), 'null or seats');
    reader.names('.to', fields.to, (seat) => seats.has(seat as string), 'null or seats');
    reader.names('.classes', fields.classes, (name) => CLASSES.includes(name), 'null or classes of messages');
    if (typeof fields.self !== 'boolean') reader.refuse('.self', 'true or false', fields.self);
    reader.number('.drop', fields.drop, 0, 1);
    reader.number('.corrupt', fields.corrupt, 0, 1);
    if (fields.delay !== null) reader.delay(fields.delay);
    if (fields.duplicate !== null) {
      const duplicate = reader.object('.duplicate', fields.duplicate);
      if (duplicate !== null) {
        reader.number('.duplicate.probability', duplicate.probability, 0, 1);
        reader.integer('.duplicate.copies', duplicate.copies, 1, DUPLICATES_MAX);
      }
    }
    if (fields.reorder !== null) {
      const reorder = reader.object('.reorder', fields.reorder);
      if (reorder !== null) {
        reader.number('.reorder.probability', reorder.probability, 0, 1);
        reader.number('.reorder.holdMs', reorder.holdMs, 0, LINK_DELAY_MS_MAX);
      }
    }
    if (fields.ratePerSecond !== null)
      reader.number('.ratePerSecond', fields.ratePerSecond, RATE_PER_SECOND_MIN, RATE_PER_SECOND_MAX);
    if (fields.flapping !== null) {
      const flapping = reader.object('.flapping', fields.flapping);
      if (flapping !== null) {
        reader.number('.flapping.onMs', flapping.onMs, 1, LINK_DELAY_MS_MAX);
        reader.number('.flapping.offMs', flapping.offMs, 1, LINK_DELAY_MS_MAX);
      }
    }
  });
  return problems;
}

class RuleReader {
  readonly #path: string;
  readonly #problems: Problem[];

  constructor(path: string, problems: Problem[]) {
    this.#path = path;
    this.#problems = problems;
  }

  refuse(where: string, expected: string, found: unknown): void {
    this.#problems.push({ path: `${this.#path}${where}`, expected, found: shown(found) });
  }

  object(where: string, value: unknown): Fields | null {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
    this.refuse(where, 'an object', value);
    return null;
  }

  number(where: string, value: unknown, min: number, max: number): void {
    if (typeof value !== 'number' || !(value >= min && value <= max))
      this.refuse(where, `number ${min}..${max}`, value);
  }

  integer(where: string, value: unknown, min: number, max: number): void {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
      this.refuse(where, `integer ${min}..${max}`, value);
  }

  names(where: string, value: unknown, known: (name: unknown) => boolean, expected: string): void {
    if (value === null) return;
    if (!Array.isArray(value)) this.refuse(where, expected, value);
    else for (const name of value) if (!known(name)) this.refuse(where, expected, name);
  }

  delay(value: unknown): void {
    const delay = this.object('.delay', value);
    if (delay === null) return;
    this.number('.delay.ms', delay.ms, 0, LINK_DELAY_MS_MAX);
    if (delay.jitter === null) return;
    const jitter = this.object('.delay.jitter', delay.jitter);
    if (jitter === null) return;
    const { kind } = jitter;
    if (kind !== 'uniform' && kind !== 'exponential' && kind !== 'pareto')
      this.refuse('.delay.jitter.kind', 'uniform, exponential or pareto', kind);
    this.number('.delay.jitter.ms', jitter.ms, 0, LINK_DELAY_MS_MAX);
  }
}
