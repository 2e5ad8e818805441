/**
 * The requests that anybody in a run has seen, by id. A line about a vote names its request only; the fields that are
 * hashed into the next State stand in the lines about the request itself, at whichever node heard it. An id is a hash
 * of these fields, so one that was changed belongs to no id.
 */
import type { Sha256Hex } from '../../node/protocol/hash.ts';
import type { RequestBody } from '../../node/protocol/message.ts';
import { requestId } from '../../node/protocol/preimage.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';

const WITH_FIELDS = new Set(['req.rx', 'req.tx', 'decide']);

export class KnownRequests {
  readonly #bodies = new Map<string, RequestBody>();
  readonly #hash: Sha256Hex;

  constructor(hash: Sha256Hex) {
    this.#hash = hash;
  }

  take(observation: Observation): void {
    if (!WITH_FIELDS.has(observation.event)) return;
    const id = textOf(observation, 'reqId');
    if (this.#bodies.has(id)) return;
    const body = bodyIn(observation);
    if (requestId(body, this.#hash) === id) this.#bodies.set(id, body);
  }

  /** Undefined: nobody has heard the request, as when a Byzantine voter made it up. */
  get(id: string): RequestBody | undefined {
    return this.#bodies.get(id);
  }
}

/** As the line says, whether or not its id agrees. */
export function bodyIn(observation: Observation): RequestBody {
  return {
    requester: textOf(observation, 'R'),
    service: textOf(observation, 'service'),
    priceDcoins: numberOf(observation, 'price'),
    time: numberOf(observation, 'time'),
    state: textOf(observation, 'prevState'),
  };
}
