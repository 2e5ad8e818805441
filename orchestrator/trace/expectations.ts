/**
 * What a schedule expects, against what the nodes hold: pure reading, no step changes anything. Each key of an `expect`
 * is one expectation (in maps, each entry), judged over all the nodes it names.
 */
import type { Request, Vote } from '../../node/protocol/message.ts';
import { GENESIS } from '../../node/protocol/message.ts';
import type { ExpectedRejections, ExpectStep } from './schedule-shape.ts';
import type { TraceHistory } from './trace-history.ts';
import type { Core } from './virtual-node.ts';

/** What can be asked about a run so far. */
export interface TraceView {
  readonly members: readonly string[];
  readonly history: TraceHistory;
  /** A node as it is; one that is down as it is stored. */
  node(id: string): Core;
  /** What a name stands for, which has been made. */
  message(name: string): Request | Vote;
  request(name: string): Request;
  powHash(message: Request | Vote): string;
}

export interface ExpectationResult {
  readonly text: string;
  /** Nodes it is about; null where it is about all together. */
  readonly nodes: readonly string[] | null;
  readonly passed: boolean;
  readonly expected: string;
  /** What was found; for nodes that differ, each value with the nodes that have it. */
  readonly found: string;
}

type Matches = (found: string) => boolean;

export function judge(expect: ExpectStep, view: TraceView): ExpectationResult[] {
  const nodes = expect.nodes === undefined || expect.nodes === 'all' ? view.members : expect.nodes;
  const results: ExpectationResult[] = [];
  const each = (
    text: string,
    expected: string,
    read: (id: string) => string,
    matches: Matches = (f) => f === expected,
  ) => results.push(atEach(nodes, text, expected, read, matches));
  const all = (text: string, expected: string, found: string, matches: Matches = (f) => f === expected) =>
    results.push({ text, nodes: null, passed: matches(found), expected, found });

  const { wallet } = expect;
  if (wallet !== undefined) {
    const read = (id: string, of: (core: Core) => string): string => {
      const core = view.node(id);
      return core.wallet(wallet) === undefined ? 'no wallet' : of(core);
    };
    if (expect.units !== undefined) {
      each(`units of wallet ${wallet}`, String(expect.units), (id) =>
        read(id, (core) => String(core.wallet(wallet)!.units)),
      );
    }
    if (expect.stateHash !== undefined) {
      const prefix = expect.stateHash;
      each(
        `State of wallet ${wallet}`,
        prefix,
        (id) => read(id, (core) => comparable(core.wallet(wallet)!.stateHash, prefix)),
        (found) => found.toLowerCase() === prefix.toLowerCase(),
      );
    }
  }
  for (const [requester, name] of Object.entries(expect.decided ?? {})) {
    const expected = name === null ? 'nothing' : name;
    const expectedId = name === null ? null : view.request(name).id;
    const decidedId = (id: string): string | null => view.node(id).wallet(requester)?.decidedRequestId ?? null;
    const shown = (id: string | null): string =>
      id === null ? 'nothing' : id === expectedId ? expected : view.history.requestName(id);
    each(`last decision on ${requester}`, expected, (id) => shown(decidedId(id)));
  }
  if (expect.storedVotes !== undefined) {
    each('stored votes', String(expect.storedVotes), (id) => String(view.node(id).storedRows.votes));
  }
  if (expect.storedRequests !== undefined) {
    each('stored requests', String(expect.storedRequests), (id) => String(view.node(id).storedRows.requests));
  }
  if (expect.wallets !== undefined) {
    each('known wallets', String(expect.wallets), (id) => String(view.node(id).snapshot().wallets.length));
  }
  if (expect.quorum !== undefined) {
    each('quorum', String(expect.quorum), (id) => String(view.node(id).snapshot().quorum));
  }
  if (expect.rejected !== undefined) {
    const { expected, found } = rejectionReader(expect.rejected, view);
    each('rejections', expected, found);
  }

  for (const [name, expected] of Object.entries(expect.votesFor ?? {})) {
    const votes = view.history.votesFor(view.request(name));
    if (typeof expected === 'number') all(`votes cast for ${name}`, String(expected), String(votes.length));
    else
      all(
        `votes cast for ${name} by remaining units`,
        counted(Object.entries(expected)),
        counted(tally(votes.map((v) => String(v.remainingUnits)))),
      );
  }
  for (const [name, nonce] of Object.entries(expect.nonce ?? {})) {
    all(`nonce of ${name}`, String(nonce), String(view.message(name).nonce));
  }
  for (const [name, prefix] of Object.entries(expect.powHash ?? {})) {
    const found = view.powHash(view.message(name)).slice(0, prefix.length);
    all(`work of ${name}`, prefix, found, (f) => f === prefix.toLowerCase());
  }
  for (const [name, byVoter] of Object.entries(expect.voteNonces ?? {})) {
    for (const [voter, nonces] of Object.entries(byVoter)) {
      const found = view.history
        .votesFor(view.request(name))
        .flatMap((vote) => (vote.voter === voter ? [vote.nonce] : []));
      const expected = typeof nonces === 'number' ? [nonces] : nonces;
      all(`nonces of ${voter}'s votes for ${name}`, listed(expected), listed(found));
    }
  }
  for (const [node, expected] of Object.entries(expect.services ?? {})) {
    const found = view.history.services(node);
    const same =
      expected.length === found.length && expected.every((argument, i) => argumentMatches(argument, found[i]!));
    all(`services started at ${node}`, listed(expected), listed(found), () => same);
  }
  for (const [name, outcome] of Object.entries(expect.orders ?? {}))
    all(`order ${name}`, outcome, view.history.orderOutcome(name) ?? 'not given');
  return results;
}

function atEach(
  nodes: readonly string[],
  text: string,
  expected: string,
  read: (id: string) => string,
  matches: Matches,
): ExpectationResult {
  const others = new Map<string, string[]>();
  for (const id of nodes) {
    const found = read(id);
    if (!matches(found)) others.set(found, [...(others.get(found) ?? []), id]);
  }
  const found = [...others].map(([value, ids]) => `${value} at ${ids.join(', ')}`).join('; ');
  return { text, nodes, passed: others.size === 0, expected, found: found === '' ? expected : found };
}

function rejectionReader(
  expected: ExpectedRejections,
  view: TraceView,
): { expected: string; found: (id: string) => string } {
  const codes = (id: string): string[] => view.history.rejections(id).map((rejection) => rejection.code);
  if (expected.kind === 'counts') {
    return { expected: counted([...expected.counts]), found: (id) => counted(tally(codes(id))) };
  }
  if (expected.codes.length === 0) return { expected: 'none', found: (id) => counted(tally(codes(id))) };
  const text = `at least one ${expected.codes.join(', one ')}`;
  const met = (id: string): boolean => expected.codes.every((code) => codes(id).includes(code));
  return { expected: text, found: (id) => (met(id) ? text : counted(tally(codes(id)))) };
}

function tally(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts];
}

/** `1 x duplicate, 2 x late`, in a fixed order; entries of 0 say nothing. */
function counted(entries: readonly (readonly [string, number])[]): string {
  const there = entries.filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  return there.length === 0 ? 'none' : there.map(([value, count]) => `${count} x ${value}`).join(', ');
}

function listed(values: readonly (string | number)[]): string {
  return values.length === 0 ? 'none' : values.join(', ');
}

/** A State in the form that `expected` has: as many first digits, or `genesis`. */
function comparable(hash: string, expected: string): string {
  if (expected !== 'genesis') return hash.slice(0, expected.length);
  return hash === GENESIS ? 'genesis' : hash.slice(0, 8);
}

const PLACEHOLDERS: Readonly<Record<string, string>> = { '<state>': '[0-9A-Fa-f]{64}', '<genesis>': '0{64}' };

function argumentMatches(expected: string, found: string): boolean {
  const pattern = expected
    .split(/(<state>|<genesis>)/i)
    .map((part) => PLACEHOLDERS[part.toLowerCase()] ?? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('');
  return new RegExp(`^${pattern}$`).test(found);
}
