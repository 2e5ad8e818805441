/**
 * What a lab counts while its nodes tell what they see: additions to plain numbers. Names that a node writes down are
 * held against the lists they must come from, since a node may write anything.
 */

import { VOTE_STATUSES, type VoteStatus, voteStatus } from '../../node/host/node-tally.ts';
import { REJECTION_CODES } from '../../node/protocol/rejection.ts';
import { ORDER_REFUSALS } from '../../node/protocol/step.ts';
import type { RequestStep } from '../dashboard/live-requests.ts';
import { type Observation, textOf } from '../history/observation.ts';

/** In place of a name that is on no list. */
export const OTHER = 'other';

/** Counts by a few names, kept apart by a character that is in none of them. */
export class NamedCounts {
  readonly #counts = new Map<string, number>();

  add(...names: readonly string[]): void {
    const key = names.join('\0');
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  *entries(): Generator<readonly [names: readonly string[], count: number]> {
    for (const [key, count] of this.#counts) yield [key.split('\0'), count];
  }
}

export class LabTally {
  /** By seat and service. */
  readonly submitted = new NamedCounts();
  readonly decided = new NamedCounts();
  /** By reason. */
  readonly requestsRejected = new NamedCounts();
  readonly ordersRefused = new NamedCounts();
  readonly votes = Object.fromEntries(VOTE_STATUSES.map((status) => [status, 0])) as Record<VoteStatus, number>;
  readonly #services: ReadonlySet<string>;
  readonly #onLatency: (scope: 'requester' | 'all', seconds: number) => void;

  constructor(
    services: readonly { readonly name: string }[],
    onLatency: (scope: 'requester' | 'all', seconds: number) => void,
  ) {
    this.#services = new Set(services.map(({ name }) => name));
    this.#onLatency = onLatency;
  }

  step(step: RequestStep): void {
    const { kind, seat } = step;
    const service = this.#services.has(step.service) ? step.service : OTHER;
    if (kind === 'submitted') {
      this.submitted.add(seat, service);
      return;
    }
    if (step.scope === 'requester') this.decided.add(seat, service);
    this.#onLatency(step.scope, step.latencyMs / 1000);
  }

  observe(observation: Observation): void {
    switch (observation.event) {
      case 'vote.rx':
        this.votes[observation.counted === true ? 'counted' : voteStatus(textOf(observation, 'reason'))]++;
        break;
      case 'req.rx':
        if (observation.ok === false) this.requestsRejected.add(rejectionOf(observation));
        break;
      case 'reject':
        if (observation.type === 'vote') this.votes[voteStatus(textOf(observation, 'reason'))]++;
        else if (observation.type === 'request') this.requestsRejected.add(rejectionOf(observation));
        break;
      case 'order':
        if (observation.outcome === 'refused')
          this.ordersRefused.add(listed(ORDER_REFUSALS, textOf(observation, 'reason')));
        break;
    }
  }
}

function rejectionOf(observation: Observation): string {
  return listed(REJECTION_CODES, textOf(observation, 'reason'));
}

function listed(list: readonly string[], name: string): string {
  return list.includes(name) ? name : OTHER;
}
