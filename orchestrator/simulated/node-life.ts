/**
 * What one process of a simulated node has in memory: gone with a crash. The process itself is simulated-node.ts.
 */
import type { ByzantineNode } from '../../node/behaviours/byzantine-node.ts';
import type { StepEffect } from '../../node/behaviours/step-machine.ts';
import type { NodeClock } from '../../node/host/node-clock.ts';
import type { Intervention } from '../../node/host/node-host.ts';
import type { VirtualSensor } from '../../node/host/sensor.ts';
import type { ServiceRun } from '../../node/host/store.ts';
import type { Change } from '../../node/protocol/durable.ts';
import { INT32_MAX } from '../../node/protocol/message.ts';
import type { RejectionCode } from '../../node/protocol/rejection.ts';
import type { Effect, Input } from '../../node/protocol/step.ts';
import type { Appointment } from '../../node/simulation/timeline.ts';
import type { Copy } from './simulated-fabric.ts';

/** Something that a node has to do. */
export interface Job {
  readonly input: Input | Intervention;
  readonly copy: Copy | null;
}

/** One step of its state machine. */
export interface Step {
  readonly input: Input | null;
  readonly effects: readonly StepEffect[];
}

/** What is between its beginning and its commit, or its commit and its end. */
export interface Transaction {
  readonly changes: readonly Change[];
  readonly runs: readonly ServiceRun[];
  /** What their effects ask for is done behind the commit. */
  readonly steps: readonly Step[];
  readonly nowMs: number;
  readonly commitsAtMs: number;
  readonly copy: Copy | null;
}

/** A wake-up that was asked for. */
export interface Timer {
  readonly appointment: Appointment;
  /** When it looks, and when it is due by now. */
  readonly plannedMs: number;
  dueMs: number;
}

/** One process of the node. */
export interface Life {
  readonly core: ByzantineNode;
  readonly boot: string;
  readonly fresh: boolean;
  readonly interrupted: readonly ServiceRun[];
  readonly clock: NodeClock;
  readonly sensors: readonly VirtualSensor[];
  readonly inbox: (Job | { readonly canary: Copy })[];
  readonly timers: Map<string, Timer>;
  /** Frozen where it is; what fires meanwhile runs when it goes on. */
  paused: boolean;
  readonly late: (() => void)[];
  doing: Transaction | null;
  working: boolean;
  nowMs: number;
  /** When the search that was begun last is done. */
  sealedMs: number;
  ready: boolean;
  readonly services: Map<string, ServiceRun>;
  rejections: Partial<Record<RejectionCode, number>>;
  decisions: number;
  sensorTransactions: number;
}

/** It stores something. */
export function commits({ changes, runs }: Transaction): boolean {
  return changes.length > 0 || runs.length > 0;
}

/** Nonces that were tried until this one was found. */
export function hashesOf(nonce: number | null): number {
  return nonce === null ? INT32_MAX + 1 : nonce + 1;
}

/** The row of a service that is to be started. */
export function startedRun(effect: Extract<Effect, { kind: 'execute' }>): ServiceRun {
  return { key: effect.key, service: effect.decision.service, argument: effect.argument, phase: 'started', detail: '' };
}
