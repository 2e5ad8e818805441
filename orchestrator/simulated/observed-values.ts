/**
 * The record of a node as values: what parsing the lines of host/observations.ts would give, without writing and hashing
 * them first, for runs of which nobody keeps the text. A test holds the two together, field by field. Only the chain is
 * missing: `prev` is empty.
 */
import { wakesLedger } from '../../node/behaviours/byzantine-node.ts';
import type { StepEffect } from '../../node/behaviours/step-machine.ts';
import type { Canary } from '../../node/host/canary.ts';
import type { NodeConditions } from '../../node/host/conditions.ts';
import type { BootObservation, ObservedWallet } from '../../node/host/observations.ts';
import type { ServiceEnd } from '../../node/host/services.ts';
import type { MessageHead, Request, SensorTransaction, Vote } from '../../node/protocol/message.ts';
import type { Decision, Effect, Input } from '../../node/protocol/step.ts';
import type { Observation } from '../history/observation.ts';
import type { Recorder } from './simulated-node.ts';

export interface ObservedValuesOptions {
  readonly node: string;
  readonly seat: string;
  /** The core's current view of a wallet. */
  readonly wallet: (id: string) => ObservedWallet | undefined;
  readonly monotonicMs: () => number;
  /** Null: nobody wants them, and nothing is made. */
  readonly onObservation: ((observation: Observation) => void) | null;
}

type Fields = Record<string, unknown>;

interface Step {
  readonly input: Input | null;
  readonly effects: readonly StepEffect[];
  readonly nowMs: number;
}

export class ObservedValues implements Recorder {
  readonly #options: ObservedValuesOptions;
  readonly #requestIds = new Map<string, string>();
  #steps: Step[] = [];
  #seq = 0;
  #tMs = 0;

  constructor(options: ObservedValuesOptions) {
    this.#options = options;
  }

  record(input: Input | null, effects: readonly StepEffect[], nowMs: number): void {
    if (this.#options.onObservation !== null) this.#steps.push({ input, effects, nowMs });
  }

  flush(): void {
    if (this.#steps.length === 0) return;
    const steps = this.#steps;
    this.#steps = [];
    this.#begin();
    let changed: Set<string> | null = null;
    let atMs = 0;
    for (const { input, effects, nowMs } of steps) {
      atMs = nowMs;
      if (input !== null) this.#told(input, nowMs);
      for (const effect of effects) {
        if (effect.kind !== 'persist') {
          this.#effect(input, effect, nowMs);
          continue;
        }
        for (const { table, key } of effect.changes) {
          if (table !== 'wallets') continue;
          changed ??= new Set();
          changed.add(String(key));
        }
      }
    }
    if (changed !== null) for (const id of changed) this.#wallet(id, atMs);
  }

  boot(boot: BootObservation, wallets: Iterable<string>, atMs: number): void {
    this.#single(atMs, 'boot', { ...boot });
    for (const id of wallets) this.#wallet(id, atMs);
  }

  session(link: 'fabric' | 'control', connected: boolean, atMs: number): void {
    this.#single(atMs, 'session', { link, connected });
  }

  conditions(id: string | null, conditions: NodeConditions, wallMs: number, atMs: number): void {
    const { behaviours, commitDelayMs, clockOffsetMs, sensors } = conditions;
    const fields = { id, behaviours, commitDelayMs, clockOffsetMs, sensors, wallMs: Math.round(wallMs) };
    this.#single(atMs, 'conditions', fields);
  }

  canarySent(id: string, atMs: number): void {
    this.#single(atMs, 'canary.tx', { id });
  }

  canaryHeard({ id, seat }: Canary, atMs: number): void {
    this.#single(atMs, 'canary.rx', { id, from: seat });
  }

  serviceEnd({ key, service, argument, phase, detail }: ServiceEnd, atMs: number): void {
    const reqId = this.#requestIds.get(key);
    this.#requestIds.delete(key);
    const rest = { service, argument, phase, detail };
    this.#single(atMs, 'svc.end', reqId === undefined ? { key, ...rest } : { key, reqId, ...rest });
  }

  #single(atMs: number, event: string, fields: Fields): void {
    this.flush();
    this.#begin();
    this.#line(atMs, event, fields);
  }

  #begin(): void {
    this.#tMs = Math.round(this.#options.monotonicMs() * 1000) / 1000;
  }

  #line(atMs: number, event: string, fields: Fields): void {
    const { node, seat, onObservation } = this.#options;
    const seq = ++this.#seq;
    if (onObservation === null) return;
    const head = { seq, t: this.#tMs, at: Math.round(atMs), node, prev: '', event };
    if (seat !== node) Object.assign(head, { seat });
    onObservation(Object.assign(head, fields));
  }

  // --- events -----------------------------------------------------------------------------------------------------

  #told(input: Input, nowMs: number): void {
    if (input.kind === 'order') {
      const { orderId, service, priceDcoins, mode } = input.order;
      this.#line(nowMs, 'order.rx', { orderId, service, price: priceDcoins, mode });
    } else if (input.kind === 'wake' && wakesLedger(input.name)) {
      this.#line(nowMs, 'wake', { name: input.name });
    }
  }

  #effect(input: Input | null, effect: Exclude<StepEffect, { kind: 'persist' }>, nowMs: number): void {
    switch (effect.kind) {
      case 'publish':
        this.#message(nowMs, 'tx', effect.message);
        break;
      case 'send':
        this.#message(nowMs, 'tx', effect.message, { to: effect.to });
        break;
      case 'accepted':
        this.#accepted(nowMs, effect.message);
        break;
      case 'rejected':
        this.#rejected(input, effect.rejection, nowMs);
        break;
      case 'voted': {
        const { requestId, requester, slot, remainingUnits } = effect;
        this.#line(nowMs, 'vote.cast', { reqId: requestId, R: requester, prevState: slot, remU: remainingUnits });
        break;
      }
      case 'settled':
        this.#line(nowMs, 'decide', decisionFields(effect.decision));
        break;
      case 'credited':
        if (effect.cause === 'sensor') break;
        this.#credited(nowMs, effect);
        break;
      case 'execute': {
        const { key, argument, decision } = effect;
        this.#requestIds.set(key, decision.requestId);
        this.#line(nowMs, 'svc.start', { key, reqId: decision.requestId, service: decision.service, argument });
        break;
      }
      case 'order':
        this.#line(nowMs, 'order', orderFields(effect));
        break;
      case 'deviated': {
        const { behaviour, act, requestId, detail } = effect;
        const about = requestId === null ? {} : { reqId: requestId };
        this.#line(nowMs, 'byzantine', { behaviour, act, ...about, ...(detail === null ? {} : { detail }) });
        break;
      }
      case 'seek':
      case 'wake':
        break;
    }
  }

  /** Most of all lines are wallets, credits, and votes and sensor data that were heard: each is made in one piece. */
  #accepted(nowMs: number, message: MessageHead): void {
    if (message.kind === 'vote' && (message as Vote).remainingUnits !== undefined) {
      this.#voteHeard(nowMs, message as Vote, null);
    } else if (message.kind === 'sensor' && (message as SensorTransaction).position !== null) {
      this.#sensorHeard(nowMs, message as SensorTransaction);
    } else {
      this.#message(nowMs, 'rx', message, verdict(message.kind, null));
    }
  }

  #rejected(input: Input | null, rejection: Extract<Effect, { kind: 'rejected' }>['rejection'], nowMs: number): void {
    const { code, message, sender, where, expected, found } = rejection;
    // An eviction is about an older message than the one that is being processed.
    if (input?.kind === 'message' && code !== 'evicted') {
      const vote = input.message as unknown as Vote;
      if (message === 'vote' && vote.remainingUnits !== undefined) this.#voteHeard(nowMs, vote, code);
      else this.#message(nowMs, 'rx', input.message, verdict(message, code), message);
      return;
    }
    this.#line(nowMs, 'reject', { type: message, reason: code, sender, where, expected, found });
  }

  #sensorHeard(nowMs: number, { publisher: pub, topic, value, position }: SensorTransaction): void {
    const { node, wallet } = this.#options;
    const { stream, sequence } = position!;
    const seq = ++this.#seq;
    const t = this.#tMs;
    const at = Math.round(nowMs);
    const c = wallet(pub)!.units;
    const event = 'sensor.rx';
    this.#tell({ seq, t, at, node, prev: '', event, pub, topic, value, stream, sequence, c, counted: true });
  }

  #voteHeard(nowMs: number, vote: Vote, reason: string | null): void {
    const { voter, requester: R, requestId: reqId, slot: prevState, remainingUnits: remU, nonce } = vote;
    const { node } = this.#options;
    const seq = ++this.#seq;
    const t = this.#tMs;
    const at = Math.round(nowMs);
    const event = 'vote.rx';
    const ok = true;
    const counted = reason === null;
    const line = { seq, t, at, node, prev: '', event, voter, reqId, R, prevState, remU, nonce, ok, counted };
    this.#tell(counted ? line : Object.assign(line, { reason }));
  }

  #credited(nowMs: number, { wallet, units: deltaU, cause }: Extract<Effect, { kind: 'credited' }>): void {
    const { node } = this.#options;
    const seq = ++this.#seq;
    const t = this.#tMs;
    const at = Math.round(nowMs);
    this.#tell({ seq, t, at, node, prev: '', event: 'credit', wallet, deltaU, cause });
  }

  #wallet(id: string, atMs: number): void {
    const { node, wallet } = this.#options;
    const found = wallet(id);
    if (found === undefined) return;
    const seq = ++this.#seq;
    const t = this.#tMs;
    const at = Math.round(atMs);
    this.#tell({ seq, t, at, node, prev: '', event: 'wallet', id, state: found.stateHash, cU: found.units });
  }

  #tell(line: Observation): void {
    const { node, seat, onObservation } = this.#options;
    if (onObservation === null) return;
    onObservation(seat === node ? line : Object.assign(line, { seat }));
  }

  #message(
    nowMs: number,
    way: 'tx' | 'rx',
    message: { readonly kind: string },
    more?: Fields,
    kind = message.kind,
  ): void {
    const name = kind === 'request' ? 'req' : /^[\w-]+$/.test(kind) ? kind : 'message';
    const fields = this.#messageFields(message);
    this.#line(nowMs, `${name}.${way}`, more === undefined ? fields : Object.assign(fields, more));
  }

  /** What a profile's own record lacks is left out. */
  #messageFields(message: { readonly kind: string }): Fields {
    switch (message.kind) {
      case 'vote': {
        const { voter, requester, requestId, slot, remainingUnits, nonce } = message as Vote;
        const fields = { voter, reqId: requestId, R: requester, prevState: slot };
        return remainingUnits === undefined ? fields : Object.assign(fields, { remU: remainingUnits, nonce });
      }
      case 'request': {
        const { id, requester, slot, service, priceDcoins, time, nonce } = message as Request;
        const fields = { reqId: id, R: requester, prevState: slot };
        return service === undefined ? fields : Object.assign(fields, { service, price: priceDcoins, time, nonce });
      }
      case 'sensor': {
        const { publisher, topic, value, position } = message as SensorTransaction;
        const fields: Fields = { pub: publisher, topic, value };
        if (position !== null) Object.assign(fields, { stream: position.stream, sequence: position.sequence });
        const c = this.#options.wallet(publisher)?.units;
        if (c !== undefined) fields.c = c;
        return fields;
      }
      default:
        return { kind: message.kind };
    }
  }
}

/** How a verified message was taken. */
function verdict(kind: string, reason: string | null): Fields {
  const why = reason === null ? {} : { reason };
  if (kind === 'vote') return { ok: true, counted: reason === null, ...why };
  return kind === 'request' ? { ok: reason === null, ...why } : { counted: reason === null, ...why };
}

function decisionFields(decision: Decision): Fields {
  const { requester, requestId, service, priceDcoins, time, slot, previousState, newState, remainingUnits } = decision;
  const { voters, rewarded, rewardUnits, n, quorum } = decision;
  return {
    R: requester,
    ...(slot === previousState ? {} : { slot }),
    prevState: previousState,
    newState,
    reqId: requestId,
    remU: remainingUnits,
    service,
    price: priceDcoins,
    time,
    voters,
    rewarded,
    rewardU: rewardUnits,
    nUsed: n,
    qUsed: quorum,
  };
}

function orderFields(effect: Extract<Effect, { kind: 'order' }>): Fields {
  const { orderId, outcome } = effect;
  switch (effect.outcome) {
    case 'requested':
      return { orderId, outcome, reqId: effect.requestId, prevState: effect.slot };
    case 'queued':
      return { orderId, outcome, reason: effect.reason };
    case 'refused':
      return { orderId, outcome, reason: effect.reason, detail: effect.detail };
  }
}
