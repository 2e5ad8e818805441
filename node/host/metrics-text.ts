/**
 * Prometheus' text format, version 0.0.4: definitions and samples in, text out. A module of its own, since a node
 * carries no library for it. It keeps nothing: counts are kept where the events are, and are read when somebody asks.
 */

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Names of labels; every one of them is bounded by the plan of the lab or by a list in the code. */
  readonly labels: readonly string[];
}

/** By name; the order is that of the text. */
export type MetricTable = Readonly<Record<string, MetricDefinition>>;

export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Upper bounds of the buckets of latencies, seconds: 1 ms to a minute. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Observations counted by bucket. */
export class LatencyHistogram {
  /** One for each bound, and one for what is above all of them; not cumulative. */
  readonly counts: number[] = new Array<number>(LATENCY_BUCKETS_SECONDS.length + 1).fill(0);
  sumSeconds = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < LATENCY_BUCKETS_SECONDS.length && seconds > LATENCY_BUCKETS_SECONDS[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sumSeconds += seconds;
  }
}

/** Of one set of label values, in the order of the definition's names. */
export type Sample = readonly [labelValues: readonly string[], value: number | LatencyHistogram];

/** A metric without samples is named all the same, so that a reader knows that there are none. */
export function metricsText<T extends MetricTable>(
  table: T,
  samples: Readonly<Record<keyof T & string, number | readonly Sample[]>>,
): string {
  let text = '';
  for (const [name, { type, help, labels }] of Object.entries(table)) {
    text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    const given: number | readonly Sample[] = samples[name]!;
    if (typeof given === 'number') {
      text += line(name, '', given);
      continue;
    }
    for (const [values, value] of given) {
      const pairs = labels.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`);
      text += typeof value === 'number' ? line(name, pairs.join(','), value) : histogramLines(name, pairs, value);
    }
  }
  return text;
}

function histogramLines(name: string, pairs: readonly string[], { counts, sumSeconds }: LatencyHistogram): string {
  let text = '';
  let below = 0;
  counts.forEach((count, index) => {
    below += count;
    const bound = LATENCY_BUCKETS_SECONDS[index] ?? '+Inf';
    text += line(`${name}_bucket`, [...pairs, `le="${bound}"`].join(','), below);
  });
  const own = pairs.join(',');
  return `${text}${line(`${name}_sum`, own, sumSeconds)}${line(`${name}_count`, own, below)}`;
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
