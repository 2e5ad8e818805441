/**
 * Who may ask for what. On loopback a page of another site must not reach the lab through its visitor's browser: neither
 * under a name that was pointed here (Host), nor by a form or a script of its own (Origin, Sec-Fetch-Site, content type).
 * Bound to more than loopback, whatever changes something also wants the token; everybody who reaches the port may read.
 * Pure: headers in, a refusal or null out.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../lab/loopback.ts';
import { ApiRefusal } from './api-refusal.ts';

export interface GuardSettings {
  /** Where the server is bound, as it was asked for. */
  readonly host: string;
  /** Null on loopback: who reaches it there is the owner of the machine's account, or close to it. */
  readonly token: string | null;
}

export interface AskedHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly authorization?: string | undefined;
  readonly 'content-type'?: string | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
}

const READS = new Set(['GET', 'HEAD']);

/** Null where it may go on. */
export function refusalOf(method: string, headers: AskedHeaders, settings: GuardSettings): ApiRefusal | null {
  const name = hostName(headers.host ?? '');
  if (isLoopback(settings.host) && !isLoopback(name) && name !== settings.host)
    return new ApiRefusal('foreign', 'this lab is reached as localhost, 127.0.0.1 or [::1], under no other name');
  if (READS.has(method)) return null;
  const { origin } = headers;
  if (origin !== undefined && originHost(origin) !== headers.host)
    return new ApiRefusal('foreign', 'only a page of this lab may change something');
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return new ApiRefusal('foreign', 'only a page of this lab may change something');
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  // A DELETE has no body, and no form can send one.
  if (type !== 'application/json' && (method !== 'DELETE' || type !== ''))
    return new ApiRefusal('media-type', 'content-type: expected application/json');
  return settings.token === null || isToken(headers.authorization, settings.token)
    ? null
    : new ApiRefusal('token', 'this lab is bound to more than loopback: changes need its token');
}

/** `[::1]:8420` is `::1`; empty for what is no name. */
function hostName(host: string): string {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s/@]+))(?::\d{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}

function originHost(origin: string): string | null {
  try {
    const { host, protocol } = new URL(origin);
    return protocol === 'http:' ? host : null;
  } catch {
    return null;
  }
}

function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer (\S{1,256})$/.exec(authorization ?? '')?.[1];
  if (given === undefined) return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
