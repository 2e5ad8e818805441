/**
 * Configuration of Prometheus for a lab, as text. Two are written: for the lab of the compose file, whose nodes have
 * names, and for a lab of `wallance up`, whose nodes have another port after each start. Pure.
 */
import { stringify } from 'yaml';

/** Names of the jobs; rules and dashboards know them. */
export const LAB_JOB = 'wallance-lab';
export const NODES_JOB = 'wallance-nodes';

export interface PrometheusTarget {
  /** `host:port`. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface PrometheusConfigOptions {
  /** `host:port` of the lab's page. */
  readonly lab: string;
  /** Null: the lab is asked for them. */
  readonly nodes: readonly PrometheusTarget[] | null;
  /** Globs, relative to the file or absolute. */
  readonly rules: readonly string[];
  /** Of scrapes and of rules, 1 to 60. */
  readonly intervalSeconds: number;
  /** Comment at the head of the file, a line each. */
  readonly head: readonly string[];
}

export function prometheusConfig({ lab, nodes, rules, intervalSeconds, head }: PrometheusConfigOptions): string {
  const interval = `${intervalSeconds}s`;
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: rules,
    scrape_configs: [
      { job_name: LAB_JOB, static_configs: [{ targets: [lab] }] },
      {
        job_name: NODES_JOB,
        // A node says itself which it is, in the same words.
        honor_labels: true,
        ...(nodes === null
          ? { http_sd_configs: [{ url: `http://${lab}/metrics/targets`, refresh_interval: interval }] }
          : { static_configs: nodes.map(({ address, labels }) => ({ targets: [address], labels })) }),
      },
    ],
  };
  const comment = head.map((text) => `# ${text}\n`).join('');
  return comment + stringify(config, { aliasDuplicateObjects: false, lineWidth: 0, singleQuote: true });
}
