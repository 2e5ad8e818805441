/**
 * The input of the core that a recorded line stands for. A line is the first of its transaction; what else the
 * transaction wrote is what the core made of it. Messages count as verified: only such have a line of their own kind.
 */
import type { Sha256Hex } from '../../node/protocol/hash.ts';
import type { MessageHead, SensorTransaction, Verified, Vote } from '../../node/protocol/message.ts';
import { makeRequest } from '../../node/protocol/paper-messages.ts';
import type { RejectionCode } from '../../node/protocol/rejection.ts';
import type { Input, OrderMode } from '../../node/protocol/step.ts';
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { bodyIn, type KnownRequests } from './known-requests.ts';

/** Lines that are none of the core's: neither what it was given nor what it did. */
const BESIDE_THE_CORE = new Set(['session', 'conditions', 'canary.tx', 'canary.rx', 'svc.end']);

export function isBesideTheCore({ event }: Observation): boolean {
  return BESIDE_THE_CORE.has(event);
}

/** Whether a line says that a node was told or heard something. */
export function isInput({ event, ...line }: Observation): boolean {
  return event.endsWith('.rx') || event === 'sensor.tx' || (event === 'reject' && line.reason !== 'evicted');
}

export interface Known {
  readonly requests: KnownRequests;
  readonly hash: Sha256Hex;
}

/**
 * Null where the line is none that an input begins with. `sender`: who the transport said it was, where another line
 * tells; otherwise it is taken to be who the message says.
 */
export function inputOf(line: Observation, known: Known, sender: string | null): Input | null {
  switch (line.event) {
    case 'order.rx':
      return {
        kind: 'order',
        order: {
          orderId: textOf(line, 'orderId'),
          service: textOf(line, 'service'),
          priceDcoins: numberOf(line, 'price'),
          mode: textOf(line, 'mode') as OrderMode,
        },
      };
    case 'wake':
      return { kind: 'wake', name: textOf(line, 'name') };
    case 'sensor.tx':
      return { kind: 'sample', topic: textOf(line, 'topic'), value: sampleValue(line) };
    case 'sensor.rx':
      return delivered(sensorIn(line), sender ?? textOf(line, 'pub'));
    case 'req.rx': {
      const request = makeRequest(bodyIn(line), numberOf(line, 'nonce'), known.hash);
      return delivered(request, sender ?? request.requester);
    }
    case 'vote.rx':
      return delivered(voteIn(line, known), sender ?? textOf(line, 'voter'));
    case 'reject':
      return {
        kind: 'refused',
        rejection: {
          code: textOf(line, 'reason') as RejectionCode,
          message: textOf(line, 'type'),
          sender: typeof line.sender === 'string' ? line.sender : null,
          where: textOf(line, 'where'),
          expected: textOf(line, 'expected'),
          found: textOf(line, 'found'),
        },
      };
    default:
      return null;
  }
}

function delivered(message: MessageHead, sender: string): Input {
  return { kind: 'message', sender, message: message as Verified<MessageHead> };
}

function sensorIn(line: Observation): SensorTransaction {
  const { stream, sequence } = line;
  return {
    kind: 'sensor',
    publisher: textOf(line, 'pub'),
    topic: textOf(line, 'topic'),
    value: sampleValue(line),
    position: typeof stream === 'number' && typeof sequence === 'number' ? { stream, sequence } : null,
  };
}

/** JSON has no infinities and writes null for them; the text form can carry them. */
function sampleValue(line: Observation): number {
  return typeof line.value === 'number' ? line.value : Number.NaN;
}

/** A request that nobody heard is left without its fields: such a vote is counted, and cannot be decided upon. */
function voteIn(line: Observation, { requests }: Known): Vote {
  const requestId = textOf(line, 'reqId');
  const requester = textOf(line, 'R');
  const state = textOf(line, 'prevState');
  const remainingUnits = numberOf(line, 'remU');
  const body = requests.get(requestId) ?? { service: '', priceDcoins: 0, time: 0 };
  return {
    kind: 'vote',
    voter: textOf(line, 'voter'),
    requester,
    slot: state,
    requestId,
    group: `${requestId}/${remainingUnits}`,
    service: body.service,
    priceDcoins: body.priceDcoins,
    time: body.time,
    state,
    remainingUnits,
    nonce: numberOf(line, 'nonce'),
  };
}
