/**
 * Fingerprint of what all nodes of a lab must agree on. It stands beside the stored rows and in every node's status, so
 * that a node with another price list or threshold is noticed before its votes never match.
 */
import { hash } from 'node:crypto';

export interface SharedConfiguration {
  readonly profile: string;
  /** Resolved: the profile's defaults with the overrides on top. */
  readonly parameters: object;
  /** A set: the order does not matter. */
  readonly members: readonly string[];
  /** Service name to price in whole DCoins; null where any service may be bought. How a service is run is a node's own. */
  readonly catalogue: ReadonlyMap<string, number> | null;
}

/** SHA-256 of the canonical JSON of `shared`: 64 lower-case hexadecimal digits. */
export function configurationHash(shared: SharedConfiguration): string {
  const { profile, parameters, members, catalogue } = shared;
  const plain = {
    profile,
    parameters,
    members: [...members].sort(byCodeUnits),
    catalogue: catalogue === null ? null : Object.fromEntries(catalogue),
  };
  return hash('sha256', canonicalJson(plain), 'hex');
}

/** JSON without spaces, members of every object in order of their names' UTF-16 code units. `value` must be plain JSON. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => byCodeUnits(a, b))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
