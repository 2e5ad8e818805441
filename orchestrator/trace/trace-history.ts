/**
 * What has happened in a run, as its steps and nodes tell it: messages by name, votes cast, and per node what it
 * decided, refused and started. It only grows, over all lives of a node; it decides nothing.
 */
import { invariant } from '../../node/protocol/invariant.ts';
import type { Request, Vote } from '../../node/protocol/message.ts';
import type { Rejection } from '../../node/protocol/rejection.ts';
import type { Decision, OrderOutcome } from '../../node/protocol/step.ts';
import type { NodeEvent } from './virtual-node.ts';

interface NodeHistory {
  readonly rejections: Rejection[];
  readonly decisions: Decision[];
  readonly services: string[];
}

export class TraceHistory {
  readonly #nodes: ReadonlyMap<string, NodeHistory>;
  readonly #messages = new Map<string, Request | Vote>();
  /** Requests that nodes have published, by id. */
  readonly #published = new Map<string, Request>();
  readonly #names = new Map<string, string>();
  readonly #orders = new Map<string, OrderOutcome['outcome']>();
  readonly #votes: Vote[] = [];

  constructor(members: readonly string[]) {
    this.#nodes = new Map(members.map((id) => [id, { rejections: [], decisions: [], services: [] }]));
  }

  /** Requests, orders' requests and forged votes by name, in the order in which they were made. */
  get messages(): ReadonlyMap<string, Request | Vote> {
    return this.#messages;
  }

  /** Votes cast by nodes, in order. */
  get votes(): readonly Vote[] {
    return this.#votes;
  }

  votesFor(request: Request): readonly Vote[] {
    return this.#votes.filter((vote) => vote.requestId === request.id);
  }

  /** The name of a request by its id, the first where it has several; the id where it has none. */
  requestName(id: string): string {
    return this.#names.get(id) ?? id;
  }

  /** What became of an order last; undefined for a name that is no order. */
  orderOutcome(name: string): OrderOutcome['outcome'] | undefined {
    return this.#orders.get(name);
  }

  rejections(node: string): readonly Rejection[] {
    return this.#nodes.get(node)!.rejections;
  }

  decisions(node: string): readonly Decision[] {
    return this.#nodes.get(node)!.decisions;
  }

  /** Arguments of the services that `node` started. */
  services(node: string): readonly string[] {
    return this.#nodes.get(node)!.services;
  }

  name(name: string, message: Request | Vote): void {
    this.#messages.set(name, message);
    if (message.kind === 'request' && !this.#names.has(message.id)) this.#names.set(message.id, name);
  }

  #nameOrder(name: string, requestId: string): void {
    const request = this.#published.get(requestId);
    invariant(request !== undefined, () => `order ${name} is requested and its request ${requestId} was not published`);
    this.name(name, request);
  }

  record(id: string, event: NodeEvent): void {
    const node = this.#nodes.get(id)!;
    switch (event.kind) {
      case 'publish': {
        const { message } = event;
        if (message.kind === 'vote') this.#votes.push(message as Vote);
        else if (message.kind === 'request') this.#published.set((message as Request).id, message as Request);
        break;
      }
      case 'order':
        this.#orders.set(event.orderId, event.outcome);
        if (event.outcome === 'requested') this.#nameOrder(event.orderId, event.requestId);
        break;
      case 'rejected':
        node.rejections.push(event.rejection);
        break;
      case 'settled':
        node.decisions.push(event.decision);
        break;
      case 'execute':
        node.services.push(event.argument);
        break;
      case 'send':
        invariant(false, () => `node ${id} sends to a peer, for which schedules have no step`);
        break;
      default:
    }
  }
}
