/**
 * A second implementation of the paper's and the C++ reference's rules, written to be obviously right and slow: plain
 * lists, full scans, no index, no persistence. It exists to disagree with the state machine. Source: R-06..R-13, D-13.
 */
import type { Request, SensorTransaction, Vote } from '../../node/protocol/message.ts';
import { GENESIS } from '../../node/protocol/message.ts';
import { nativeHash } from './core-world.ts';

interface Row {
  life: number;
}
interface Purse {
  units: number;
  state: string;
  previous: string | null;
}

export class DumbLedger {
  readonly wallets = new Map<string, Purse>();
  requests: (Request & Row)[] = [];
  votes: (Vote & Row)[] = [];
  readonly locks = new Map<string, string>();
  /** [requester, request id, remaining] of every vote this node would cast, in order. */
  readonly cast: [string, string, number][] = [];
  open = 0;
  readonly self: string;
  readonly rules: 'paper' | 'ref-c';
  readonly n: number;

  constructor(self: string, rules: 'paper' | 'ref-c', n: number, units: number) {
    this.self = self;
    this.rules = rules;
    this.n = n;
    for (let i = 1; i <= n; i++) this.wallets.set(String(i), { units, state: GENESIS, previous: null });
  }

  sensor(data: SensorTransaction): void {
    const purse = this.wallets.get(data.publisher) ?? { units: 0, state: GENESIS, previous: null };
    purse.units += 1;
    this.wallets.set(data.publisher, purse);
    this.#after('sensor');
  }

  request(request: Request): void {
    const rows = (r: { requester: string }) => r.requester === request.requester;
    if (this.rules === 'ref-c') {
      for (const row of [...this.votes, ...this.requests]) if (rows(row)) row.life -= 1;
      this.votes = this.votes.filter((row) => row.life > 0);
      this.requests = this.requests.filter((row) => row.life > 0);
      this.open += 1;
    } else if (this.wallets.get(request.requester)!.previous === request.state) {
      this.#after('request');
      return;
    } else if (this.locks.get(request.requester) === request.state) {
      this.#after('request');
      return;
    }
    if (!this.requests.some((r) => rows(r) && r.state === request.state)) {
      if (this.rules === 'paper') {
        const mine = this.requests.filter(rows);
        const old = mine.filter((r) => r.state !== this.wallets.get(r.requester)!.state);
        if (mine.length >= 4) this.requests = this.requests.filter((r) => r !== old[0]);
      }
      this.requests.push({ ...request, life: 5 });
    }
    this.#after('request');
  }

  vote(vote: Vote): void {
    const pair = (v: Vote) => v.voter === vote.voter && v.requester === vote.requester;
    if (this.rules === 'paper') {
      const late = this.wallets.get(vote.requester)!.previous === vote.state;
      if (late || this.votes.some((v) => pair(v) && v.state === vote.state)) {
        this.#after('vote');
        return;
      }
      const mine = this.votes.filter(pair);
      const old = mine.filter((v) => v.state !== this.wallets.get(v.requester)!.state);
      if (mine.length >= 4) this.votes = this.votes.filter((v) => v !== old[0]);
    }
    this.votes.push({ ...vote, life: 5 });
    this.#after('vote');
  }

  #after(kind: string): void {
    if (this.rules === 'paper') {
      while (this.#decide());
      while (this.#generate());
      return;
    }
    if (this.open > 0 && this.#generate()) this.open -= 1;
    if (kind === 'vote') {
      while (this.#decide());
      this.open = this.requests.length;
    }
  }

  /** One request used up; true when a vote was cast (`paper`: or a row removed, so the scan goes on). */
  #generate(): boolean {
    const row = this.requests.find((r) => {
      const purse = this.wallets.get(r.requester);
      return purse !== undefined && purse.state === r.state && r.priceDcoins <= Math.trunc(purse.units / 5);
    });
    if (row === undefined) return false;
    this.requests = this.requests.filter((r) => r !== row);
    if (row.requester === this.self) return this.rules === 'paper';
    const { units } = this.wallets.get(row.requester)!;
    const left = this.rules === 'paper' ? units - 5 * row.priceDcoins : 5 * (Math.trunc(units / 5) - row.priceDcoins);
    if (this.rules === 'paper') this.locks.set(row.requester, row.state);
    this.cast.push([row.requester, row.id, left]);
    return true;
  }

  #decide(): boolean {
    const size = this.rules === 'paper' ? this.n : this.wallets.size;
    const quorum = Math.floor((4 * size + 3) / 6);
    const same = (a: Vote, b: Vote) => a.requestId === b.requestId && a.remainingUnits === b.remainingUnits;
    const ready = this.votes.filter((v) => {
      const current = this.wallets.get(v.requester)?.state === v.state;
      return current && new Set(this.votes.filter((w) => same(v, w)).map((w) => w.voter)).size >= quorum;
    });
    const key = (v: Vote) =>
      [
        v.requester,
        v.service,
        String(v.priceDcoins).padStart(12),
        String(v.time).padStart(12),
        v.state,
        String(v.remainingUnits).padStart(12),
      ].join('\n');
    ready.sort((a, b) => (key(a) < key(b) ? -1 : 1));
    const [first] = ready;
    if (first === undefined) return false;
    const group = this.votes.filter((v) => same(v, first));
    const paid = this.rules === 'paper' ? group : group.slice(0, Math.round(0.67 * size));
    for (const voter of new Set(paid.map((v) => v.voter))) {
      const purse = this.wallets.get(voter);
      if (purse !== undefined) purse.units += this.rules === 'paper' ? 10 : 2;
    }
    const { requester, service, priceDcoins, time, state, remainingUnits } = first;
    const printed = this.rules === 'paper' ? remainingUnits : remainingUnits / 5;
    this.votes = this.votes.filter((v) => v.requester !== requester || v.state !== state);
    this.requests = this.requests.filter((r) => r.requester !== requester || r.state !== state);
    this.locks.delete(requester);
    const next = nativeHash(`${requester}${service}${priceDcoins}${time}${state}${printed}`);
    this.wallets.set(requester, { units: remainingUnits, state: next, previous: state });
    return true;
  }
}
