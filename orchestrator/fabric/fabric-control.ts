/** What a lab can ask of a fabric while it runs. A promise is kept when what was asked for is in force. */
import type { LinkCount, LinkRule } from './link-rule.ts';

export interface FabricControl {
  /**
   * The complete set of link rules from now on. Rules that stay (the same id) go on counting and drawing; copies that
   * are under way arrive when they would have. Rejects with BrokerError `refused`, every problem a line.
   */
  setLinks(rules: readonly LinkRule[]): Promise<void>;
  /** Of the rules in force, for each pair that something was sent between. What a removed rule did is forgotten. */
  linkCounts(): Promise<readonly LinkCount[]>;
  /** Messages kept for one session, 1..1,000,000; null: as it was. What is kept already stays. Rejects with `refused`. */
  setQueueLimit(messages: number | null): Promise<void>;
  /** Ends the connections of these seats; those that had one. Clients come back by themselves. */
  cut(seats: readonly string[]): Promise<readonly string[]>;
}

export const QUEUE_LIMIT_MAX = 1_000_000;
