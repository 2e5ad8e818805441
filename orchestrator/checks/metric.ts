/** The figures of a run that checks and triggers can name. */

interface MetricFacts {
  readonly unit: string;
  readonly about: string;
  /** Known while the run goes on, so that the timeline can wait for it. */
  readonly live: boolean;
}

const counted = (about: string, live = false): MetricFacts => ({ unit: '', about, live });
const timed = (about: string): MetricFacts => ({ unit: 'ms', about, live: false });

export const METRICS = {
  requests: counted('requests that were sent', true),
  decisions: counted('requests decided at their requester', true),
  'decided-everywhere': counted('requests decided on every correct node', true),
  'decided-share': { unit: 'of requests', about: 'share decided on every correct node', live: false },
  stuck: counted('requests not decided on every correct node'),
  'stuck-share': { unit: 'of requests', about: 'share not decided on every correct node', live: false },
  'stuck-double': counted('stuck requests of the class double'),
  'stuck-split': counted('stuck requests of the class split'),
  'stuck-unfunded': counted('stuck requests of the class unfunded'),
  'stuck-stale': counted('stuck requests of the class stale'),
  'stuck-lost': counted('stuck requests of the class lost'),
  forks: counted('States on which correct nodes decided differently'),
  votes: counted('votes cast by correct nodes', true),
  rejections: counted('messages refused by correct nodes', true),
  'sensor-transactions': counted('sensor transactions that were published', true),
  'divergent-wallets': counted('wallets that correct nodes hold differently at the end'),
  'divergent-states': counted('wallets whose State correct nodes hold differently at the end'),
  'nodes-up': counted('nodes that answer the final read'),
  crashes: counted('nodes that ended and were not told to'),
  'services-served': counted('services that ran to their end'),
  'latency-requester-p50': timed('request sent to decision at the requester, median'),
  'latency-requester-p95': timed('the same, 95th percentile'),
  'latency-requester-p99': timed('the same, 99th percentile'),
  'latency-requester-max': timed('the same, maximum'),
  'latency-all-p50': timed('request sent to commit on every correct node, median'),
  'latency-all-p95': timed('the same, 95th percentile'),
  'latency-all-p99': timed('the same, 99th percentile'),
  'latency-all-max': timed('the same, maximum'),
  'decisions-per-second': { unit: '1/s', about: 'decisions at requesters over the load', live: false },
  'supply-units': { unit: 'u', about: 'units in all wallets at the end, median over correct nodes', live: false },
  'byzantine-acts': counted('messages changed, made or kept back by Byzantine nodes', true),
  'dropped-by-rules': counted('copies that link rules dropped'),
  'dropped-by-queues': counted('copies that a full queue dropped'),
} as const satisfies Record<string, MetricFacts>;

export type MetricName = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** Null: it could not be measured (no request, no final read). */
export type MetricValues = Readonly<Record<MetricName, number | null>>;
