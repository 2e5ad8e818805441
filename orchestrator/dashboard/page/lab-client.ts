/** The requests of the API that the page makes. A refusal is a value, and so is a lab that does not answer. */

import type { NodeCommand } from '../api/node-shape.ts';
import type { OrderBody } from '../api/purchase-shape.ts';
import type { RefusalAnswer } from '../api/refusal-shape.ts';
import type { AnswerOf } from '../api/route-table.ts';

export interface Refused {
  /** `unreachable`: no answer that could be read. */
  readonly code: RefusalAnswer['code'] | 'unreachable';
  readonly message: string;
  readonly problems: RefusalAnswer['problems'];
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refused: Refused };

const TOKEN = 'wallance-token';
const UNREACHABLE: Refused = { code: 'unreachable', message: 'The lab does not answer.', problems: [] };

/** What changes carry where the lab is bound to more than loopback; kept until the tab is closed. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token.trim());
}

async function ask<T>(method: string, path: string, body?: unknown, key?: string): Promise<Answer<T>> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key !== undefined) headers['idempotency-key'] = key;
  const token = sessionStorage.getItem(TOKEN);
  if (method !== 'GET' && token !== null && token !== '') headers.authorization = `Bearer ${token}`;
  try {
    const response = await fetch(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (response.ok) return { ok: true, value: answer as T };
    const { code, message, problems } = answer as Partial<RefusalAnswer>;
    return {
      ok: false,
      refused: { code: code ?? 'failed', message: message ?? response.statusText, problems: problems ?? [] },
    };
  } catch {
    return { ok: false, refused: UNREACHABLE };
  }
}

const part = encodeURIComponent;

export const labClient = {
  lab: () => ask<AnswerOf<'lab'>>('GET', '/api/lab'),
  node: (seat: string) => ask<AnswerOf<'node'>>('GET', `/api/nodes/${part(seat)}`),
  changeNode: (seat: string, command: NodeCommand) =>
    ask<AnswerOf<'changeNode'>>('POST', `/api/nodes/${part(seat)}/${command}`, {}),
  sample: (node: string, topic: string, value: number, count: number) =>
    ask<AnswerOf<'sample'>>('POST', '/api/samples', { node, topic, value, count }),
  services: () => ask<AnswerOf<'services'>>('GET', '/api/services'),
  walletHistory: (node: string) => ask<AnswerOf<'walletHistory'>>('GET', `/api/wallets/${part(node)}/history`),
  /** The same `key` is the same purchase, however often it is sent. */
  buy: (order: OrderBody, key: string) => ask<AnswerOf<'buy'>>('POST', '/api/purchases', order, key),
  /** The last ones without a gap; at most 2000. */
  messages: (limit: number) => ask<AnswerOf<'messages'>>('GET', `/api/messages?limit=${limit}`),
  faultKinds: () => ask<AnswerOf<'faultKinds'>>('GET', '/api/faults/kinds'),
  startFault: (written: Readonly<Record<string, unknown>>) =>
    ask<AnswerOf<'startFault'>>('POST', '/api/faults', written),
  healFault: (id: string) => ask<AnswerOf<'healFault'>>('DELETE', `/api/faults/${part(id)}`),
  runs: () => ask<AnswerOf<'runs'>>('GET', '/api/runs'),
} as const;

/** Not randomUUID: a browser has that on loopback and https only. */
export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
