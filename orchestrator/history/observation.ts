/**
 * What nodes saw, as they wrote it down: one JSON line an event, ordered by sequence within a node and never across
 * nodes by comparing clocks. Only the fields that the functions beside this file read are checked; everything else of
 * a line is kept as it is.
 */

/** Fields of every line. */
export interface Observation {
  /** Position in the node's own record, from 1 at each start of the process. */
  readonly seq: number;
  /** Monotonic milliseconds, comparable between processes of one machine. */
  readonly t: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly node: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Of one node, over all its incarnations, in the order written. */
export type NodeHistory = readonly Observation[];

/** By node id. */
export type History = ReadonlyMap<string, NodeHistory>;

export interface ParsedObservations {
  readonly observations: readonly Observation[];
  /** Lines that are no observation: the last one of a node that was killed while it wrote. */
  readonly malformed: number;
}

export function parseObservations(lines: readonly string[]): ParsedObservations {
  const observations: Observation[] = [];
  let malformed = 0;
  for (const line of lines) {
    if (line === '') continue;
    const observation = parseObservation(line);
    if (observation === null) malformed++;
    else observations.push(observation);
  }
  return { observations, malformed };
}

export function parseObservation(line: string): Observation | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { seq, t, at, node, event } = value as Partial<Observation>;
  const whole = typeof seq === 'number' && typeof t === 'number' && typeof at === 'number';
  return whole && typeof node === 'string' && typeof event === 'string' ? (value as Observation) : null;
}

/** A text field, empty where there is none. */
export function textOf(observation: Observation, field: string): string {
  const value = observation[field];
  return typeof value === 'string' ? value : '';
}

/** A number field, NaN where there is none. */
export function numberOf(observation: Observation, field: string): number {
  const value = observation[field];
  return typeof value === 'number' ? value : Number.NaN;
}

/** A list of texts, empty where there is none. */
export function listOf(observation: Observation, field: string): readonly string[] {
  const value = observation[field];
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
}
