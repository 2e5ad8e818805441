/**
 * What a schedule must hold beyond its shape: names that an earlier step makes, nodes that are members, balances and
 * services that the profile can express, checks that check something. Source, D-02, D-09.
 */
import { expressibleInText } from '../../node/protocol/codec-text.ts';
import { expectedId, expectedName, isId, isName } from '../../node/protocol/field-bounds.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import { shown } from '../../node/protocol/parameters.ts';
import type { Path, YamlSource } from '../files/yaml-source.ts';
import type { ExpectStep, ScheduleHead, Step } from './schedule-shape.ts';

/** Most wake-ups that a schedule may cause, over all nodes. */
const WAKE_UPS_MAX = 1_000_000;

/** Takes a problem at `path`; `found` is looked up where it is not given. */
export type Report = (path: Path, expected: string, found?: string) => void;

export class ScheduleRules {
  readonly #profile: PaperProfile;
  readonly #members: ReadonlySet<string>;
  readonly #report: Report;
  /** Kinds of the messages made so far, by name; `unknown` for one made by a step that could not be read. */
  readonly #made = new Map<string, 'request' | 'order' | 'vote' | 'unknown'>();

  constructor(profile: PaperProfile, members: readonly string[], report: Report) {
    this.#profile = profile;
    this.#members = new Set(members);
    this.#report = report;
  }

  checkHead(head: ScheduleHead): void {
    const configured = this.#profile.membership.kind === 'configured';
    for (const service of Object.keys(head.services ?? {})) this.#service(['services', service], service);
    const { wallets, known } = head;
    if (typeof wallets === 'object') {
      for (const id of Object.keys(wallets)) {
        if (configured) this.#member(['wallets', id], id);
        else this.#id(['wallets', id], id);
      }
    }
    if (known === undefined) return;
    if (configured) {
      this.#report(['known'], 'nothing: with networkSize configured every node has the wallet of every member');
      return;
    }
    const existing =
      typeof wallets === 'object' ? Object.keys(wallets) : wallets === undefined ? [] : [...this.#members];
    for (const [node, ids] of Object.entries(known)) {
      this.#member(['known', node], node);
      ids.forEach((id, index) => {
        if (!existing.includes(id)) this.#report(['known', node, index], 'an id that is in wallets');
      });
    }
  }

  checkSteps(steps: readonly (Step | null)[], source: YamlSource): void {
    const { schedule } = this.#profile;
    let wakeUps = 0;
    steps.forEach((step, index) => {
      const path: Path = ['steps', index];
      if (step === null) {
        this.#salvage(source, path);
        return;
      }
      if (step.kind === 'advance' && schedule.period !== null) {
        wakeUps += (step.body.advance / schedule.period.ms) * this.#members.size;
        if (wakeUps > WAKE_UPS_MAX) {
          this.#report([...path, 'advance'], `at most ${WAKE_UPS_MAX} periods over all steps and nodes`);
        }
      }
      if ('to' in step.body) this.#receivers([...path, 'to'], step.body.to);
      this.#checkStep(step, path);
    });
  }

  #checkStep(step: Step, path: Path): void {
    switch (step.kind) {
      case 'request': {
        const { name, requester, service } = step.body.request;
        this.#id([...path, 'request', 'requester'], requester);
        this.#service([...path, 'request', 'service'], service);
        this.#make([...path, 'request', 'name'], name, 'request');
        break;
      }
      case 'order': {
        const { name, node, service } = step.body.order;
        this.#member([...path, 'order', 'node'], node);
        this.#service([...path, 'order', 'service'], service);
        this.#make([...path, 'order', 'name'], name, 'order');
        break;
      }
      case 'vote': {
        const vote = step.body.vote;
        this.#id([...path, 'vote', 'voter'], vote.voter);
        this.#request([...path, 'vote', 'for'], vote.for);
        this.#units([...path, 'vote', 'remainingUnits'], vote.remainingUnits);
        this.#make([...path, 'vote', 'name'], vote.name, 'vote');
        break;
      }
      case 'deliver':
        this.#message([...path, 'deliver'], step.body.deliver);
        break;
      case 'votes':
        this.#request([...path, 'for'], step.body.for);
        step.body.from?.forEach((voter, index) => {
          this.#member([...path, 'from', index], voter);
          this.#once([...path, 'from', index], step.body.from!, index);
        });
        if (step.body.remainingUnits !== undefined) this.#units([...path, 'remainingUnits'], step.body.remainingUnits);
        break;
      case 'sensor':
        this.#id([...path, 'sensor', 'from'], step.body.sensor.from);
        break;
      case 'raw': {
        const { text, base64 } = step.body.raw;
        if ((text === undefined) === (base64 === undefined)) {
          this.#report([...path, 'raw'], 'exactly one of text, base64', text === undefined ? 'neither' : 'both');
        }
        break;
      }
      case 'crash':
        this.#member([...path, 'crash', 'node'], step.body.crash.node);
        break;
      case 'restart':
        this.#member([...path, 'restart', 'node'], step.body.restart.node);
        break;
      case 'expect':
        this.#expectation(step.body.expect, [...path, 'expect']);
        break;
      case 'advance':
        break;
    }
  }

  #expectation(expect: ExpectStep, path: Path): void {
    const { nodes, wallet, units, stateHash, decided, votesFor, services, nonce, powHash, voteNonces, orders } = expect;
    if (nodes !== undefined) this.#receivers([...path, 'nodes'], nodes);
    if (Object.keys(expect).every((key) => key === 'nodes')) this.#report(path, 'something to check');
    if (wallet === undefined && (units !== undefined || stateHash !== undefined)) {
      this.#report(path, 'wallet beside units or stateHash', 'no wallet');
    }
    if (wallet !== undefined && units === undefined && stateHash === undefined) {
      this.#report(path, 'units or stateHash beside wallet', 'neither');
    }
    for (const [requester, request] of Object.entries(decided ?? {})) {
      if (request !== null) this.#request([...path, 'decided', requester], request);
    }
    for (const node of Object.keys(services ?? {})) this.#member([...path, 'services', node], node);
    for (const [request, found] of Object.entries(votesFor ?? {})) {
      this.#request([...path, 'votesFor', request], request);
      if (typeof found !== 'object') continue;
      for (const c of Object.keys(found)) this.#units([...path, 'votesFor', request, c], Number(c), `"${c}"`);
    }
    for (const request of Object.keys(voteNonces ?? {})) this.#request([...path, 'voteNonces', request], request);
    for (const message of Object.keys(nonce ?? {})) this.#message([...path, 'nonce', message], message);
    for (const message of Object.keys(powHash ?? {})) this.#message([...path, 'powHash', message], message);
    for (const order of Object.keys(orders ?? {})) {
      if (!['order', 'unknown'].includes(this.#made.get(order) ?? '')) {
        this.#report([...path, 'orders', order], 'the name of an order of an earlier step', shown(order));
      }
    }
  }

  // --- single values ----------------------------------------------------------------------------------------------

  #make(path: Path, name: string, kind: 'request' | 'order' | 'vote'): void {
    if (this.#made.has(name)) this.#report(path, 'a name that no earlier step uses');
    else this.#made.set(name, kind);
  }

  /** A step that cannot be read may still make a message: what refers to it is not reported as well. */
  #salvage(source: YamlSource, path: Path): void {
    for (const kind of ['request', 'order', 'vote'] as const) {
      const name = source.typed([...path, kind, 'name']);
      if (name !== undefined) this.#made.set(String(name), 'unknown');
    }
  }

  #message(path: Path, name: string): void {
    if (!this.#made.has(name)) this.#report(path, `a message of an earlier step (${this.#list()})`, shown(name));
  }

  #request(path: Path, name: string): void {
    const kind = this.#made.get(name);
    if (kind === undefined || kind === 'vote') {
      this.#report(path, `a request or order of an earlier step (${this.#list('vote')})`, shown(name));
    }
  }

  #list(except?: string): string {
    const names = [...this.#made].flatMap(([name, kind]) => (kind === except ? [] : [name]));
    return names.length === 0 ? 'there is none' : names.slice(-8).join(', ');
  }

  #member(path: Path, id: string): void {
    if (!this.#members.has(id)) this.#report(path, `a member: 1..${this.#members.size}`, shown(id));
  }

  #receivers(path: Path, to: 'all' | readonly string[]): void {
    if (to === 'all') return;
    to.forEach((id, index) => {
      this.#member([...path, index], id);
      this.#once([...path, index], to, index);
    });
  }

  #once(path: Path, ids: readonly string[], index: number): void {
    if (ids.indexOf(ids[index]!) !== index) this.#report(path, 'each node once');
  }

  #id(path: Path, id: string): void {
    const { idBytes } = this.#profile.parameters;
    if (!isId(id, idBytes)) this.#report(path, expectedId(idBytes), shown(id));
  }

  #service(path: Path, service: string): void {
    const { idBytes, codec } = this.#profile.parameters;
    if (!isName(service, idBytes)) this.#report(path, expectedName(idBytes), shown(service));
    else if (codec === 'text' && !expressibleInText(service)) {
      this.#report(path, 'a name without _, which separates the fields of the text form', shown(service));
    }
  }

  #units(path: Path, units: number, found?: string): void {
    const { remaining, dcoinText, dcoinRate } = this.#profile.parameters;
    if ((remaining === 'truncated' || dcoinText === 'dcoins') && units % dcoinRate !== 0) {
      this.#report(path, `whole DCoins, a multiple of ${dcoinRate} units: ${this.#profile.name} cuts the rest`, found);
    }
  }
}
