/**
 * Who may connect to a broker of the lab, and what each may publish and hear.
 *
 * A node speaks under its own identity only: that is what lets a receiver take the sender from the topic. On the
 * control broker a node speaks and hears under its own seat only. An observer hears all and says nothing; the lab may
 * do everything below its own prefix.
 *
 * The session of an account has the seat as its client id. Beside it, an account may have connections whose client id is
 * `<seat>/<name>`: the lab's commands, and a node's devices, which share its account and its rights.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ControlSubject } from '../../node/host/control-protocol.ts';
import { labPrefix, nodeFilters, parseFabricTopic, TOPIC_LEVEL_PATTERN } from '../../node/host/fabric-topics.ts';
import type { RefusalReason } from './traffic.ts';

/** Which of the lab's two brokers: protocol traffic, or orders and observations. */
export type BrokerKind = 'fabric' | 'control';

export interface Account {
  /** User name, and client id of the account's session. One topic level. */
  readonly seat: string;
  /** Member id in messages; used for nodes only. Twins share one. */
  readonly identity: string;
  readonly password: string;
  readonly role: 'node' | 'lab' | 'observer';
}

export type Authentication = { readonly account: Account } | { readonly refused: RefusalReason };

const FROM_NODE: ReadonlySet<string> = new Set<ControlSubject>([
  'status',
  'order-results',
  'reports',
  'pongs',
  'conditions-answers',
  'observations',
]);
const TO_NODE: ReadonlySet<string> = new Set<ControlSubject>([
  'orders',
  'samples',
  'report-requests',
  'refusals',
  'pings',
  'conditions',
  'canaries',
]);

const CLIENT_ID_CHARACTERS_MAX = 128;

const digest = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();

export class AccessRules {
  readonly #kind: BrokerKind;
  readonly #prefix: string;
  readonly #lab: string;
  readonly #accounts: ReadonlyMap<string, { readonly account: Account; readonly passwordHash: Buffer }>;
  /** Compared against where the seat is unknown, so that the answer takes as long. */
  readonly #nobody = digest('nobody');

  constructor(kind: BrokerKind, lab: string, accounts: readonly Account[]) {
    this.#kind = kind;
    this.#lab = lab;
    this.#prefix = labPrefix(lab);
    this.#accounts = new Map(
      accounts.map((account) => [account.seat, { account, passwordHash: digest(account.password) }]),
    );
  }

  /** A client id that is not the account's own would take over somebody else's session, and is refused. */
  authenticate(clientId: string, username: string | undefined, password: Buffer | undefined): Authentication {
    const entry = username === undefined ? undefined : this.#accounts.get(username);
    const equal = timingSafeEqual(digest(password ?? ''), entry?.passwordHash ?? this.#nobody);
    if (entry === undefined) return { refused: 'unknown-seat' };
    if (!equal || password === undefined) return { refused: 'wrong-password' };
    const { account } = entry;
    const beside = clientId.startsWith(`${account.seat}/`) && clientId.length <= CLIENT_ID_CHARACTERS_MAX;
    return clientId === account.seat || beside ? { account } : { refused: 'client-id-mismatch' };
  }

  /** Null when `account` may publish to `topic`. */
  refusesPublish(account: Account, topic: string): RefusalReason | null {
    if (!topic.startsWith(this.#prefix)) return 'publish-unknown-topic';
    if (account.role === 'lab') return null;
    if (account.role === 'observer') return 'publish-read-only';
    if (this.#kind === 'fabric') {
      const parsed = parseFabricTopic(this.#prefix, topic);
      if (parsed === null) return 'publish-unknown-topic';
      return parsed.node === account.identity ? null : 'publish-foreign-identity';
    }
    const [control, seat, subject, ...rest] = topic.slice(this.#prefix.length).split('/');
    if (control !== 'control' || rest.length > 0 || !FROM_NODE.has(subject ?? '')) return 'publish-unknown-topic';
    return seat === account.seat ? null : 'publish-foreign-identity';
  }

  /** True when everything that `filter` can bring is meant for `account`. */
  maySubscribe(account: Account, filter: string): boolean {
    if (account.role !== 'node') return !filter.startsWith('$');
    return this.#filtersOf(account).some((allowed) => covers(allowed, filter));
  }

  #filtersOf(account: Account): readonly string[] {
    if (this.#kind === 'fabric') {
      return [...nodeFilters(this.#lab, account.identity), `${this.#prefix}${account.identity}/device/+`];
    }
    return [...TO_NODE].map((subject) => `${this.#prefix}control/${account.seat}/${subject}`);
  }
}

/** Every topic that matches `filter` matches `allowed`. `allowed` has no `#`. */
function covers(allowed: string, filter: string): boolean {
  const wide = allowed.split('/');
  const narrow = filter.split('/');
  if (wide.length !== narrow.length) return false;
  return wide.every((level, i) =>
    level === '+' ? narrow[i] === '+' || TOPIC_LEVEL_PATTERN.test(narrow[i]!) : level === narrow[i],
  );
}
