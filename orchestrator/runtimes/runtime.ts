/**
 * Where a lab's fabric and nodes run, as a port declared by its consumer, the lab: processes of this machine
 * (processes.ts), or containers (docker/docker.ts). A runtime starts and ends things and says what has ended; it knows no protocol, does
 * not talk to nodes, and does not know when one is ready: that is observed over the control channel.
 *
 * Contract: `startFabric` before any `startNode`; operations on one seat are not overlapped by the caller; `dispose`
 * may come at any time, also after a failure, ends everything this runtime started and nothing else, keeps the files,
 * and does no harm when called again. Whatever was started also ends when the lab process is killed.
 */

import type { NodeConditions } from '../../node/host/conditions.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import type { FabricControl } from '../fabric/fabric-control.ts';
import type { SessionsAfterRestart } from '../fabric/lasting-fabric.ts';
import type { LabCredentials } from '../lab/credentials.ts';
import type { LabDirectory } from '../lab/lab-directory.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import type { ProcessIdentity } from '../lab/process-identity.ts';
import { CAPABILITIES, type Capability } from '../scenario/scenario-plan.ts';

export interface RuntimeOptions {
  readonly plan: LabPlan;
  readonly directory: LabDirectory;
  readonly credentials: LabCredentials;
  /** What child processes get of the environment beside their configuration. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Port of the control broker in the lab process, on 127.0.0.1. */
  readonly controlPort: number;
  /** Opens the control broker on one more address of this machine; its port there. */
  readonly listenControl: (host: string) => Promise<number>;
  /** Something went wrong that stops nothing. */
  readonly onTrouble: (text: string) => void;
  /** A node's process ended, asked for or not. */
  readonly onNodeExit: (seat: string, exit: NodeExit) => void;
  /** The fabric ended by itself: not by `restartFabric`, not by `dispose`. */
  readonly onFabricExit: (reason: string) => void;
  /** Whole lines of the fabric's journal (fabric-journal.ts), about every tenth of a second; absent: none is written. */
  readonly journal?: (lines: string) => void;
}

const OF_CONTAINERS: readonly Capability[] = ['board-limits', 'architectures'];

/** What each runtime can do; anything else must not be asked of it. */
export const CAPABILITIES_OF: Readonly<Record<Runtime['name'], ReadonlySet<Capability>>> = {
  processes: new Set(CAPABILITIES.filter((name) => name !== 'virtual-time' && !OF_CONTAINERS.includes(name))),
  docker: new Set(CAPABILITIES.filter((name) => name !== 'virtual-time')),
  attached: new Set<Capability>(['twins']),
};

export interface FabricRestart {
  /** `kept`: the broker hands its sessions to the next one. `lost`: it is killed, and the next one knows nobody. */
  readonly sessions: SessionsAfterRestart;
  /** Between the end of the one and the start of the other, milliseconds. */
  readonly downMs: number;
}

export interface NodeExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** By `stopNode` or `killNode`. */
  readonly asked: boolean;
  /** In words, where there is more to say than code and signal do. */
  readonly reason?: string;
}

export interface NodeStart {
  /** What it runs under from its start on; null: as planned. */
  readonly conditions: NodeConditions | null;
}

/** Files of one seat, readable on this machine once `collectNode` has returned. */
export interface CollectedFiles {
  /** The node's data directory: database, observations. */
  readonly directory: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Runtime {
  readonly name: 'processes' | 'docker' | 'attached';
  /** How long a node may take from its start until it says that it is ready. */
  readonly readyMsMax: number;
  startFabric(): Promise<void>;
  /** As the lab process and people on this machine reach the fabric; null before it is started. */
  readonly fabricUrl: string | null;
  /** What the fabric's broker counted; null where it keeps no such counts or does not answer. */
  fabricStats(): Promise<BrokerStats | null>;
  /** Link rules, queues, connections; null before the fabric is started and where the runtime has no hold of it. */
  readonly fabric: FabricControl | null;
  /**
   * Ends the broker and starts it anew at the same address. Resolves when it listens; nodes come back by themselves, up to
   * six seconds after a long absence. Rejects with a Failure: then there is no fabric any more.
   */
  restartFabric(restart: FabricRestart): Promise<void>;
  /** Freezes the broker where it is, and lets it go on. */
  pauseFabric(): Promise<void>;
  resumeFabric(): Promise<void>;
  /** Starts the node of `seat` with the data it had. Resolves when it was launched, long before it is ready. */
  startNode(seat: string, start?: NodeStart): Promise<void>;
  /** Asks the node to end (SIGTERM), ends it after `graceMs`. Resolves when it is gone. */
  stopNode(seat: string, graceMs: number): Promise<void>;
  /** Ends the node without notice (SIGKILL). Resolves when it is gone. */
  killNode(seat: string): Promise<void>;
  /**
   * Removes the memory of a node that is not running: it starts with an empty database. What it has observed stays, and
   * its file goes on with the same chain.
   */
  eraseNode(seat: string): Promise<void>;
  /** Freezes the node where it is, and lets it go on. */
  pauseNode(seat: string): Promise<void>;
  resumeNode(seat: string): Promise<void>;
  /** Null where the node is not running. `started` is empty where the process cannot be known again from here. */
  nodeProcess(seat: string): ProcessIdentity | null;
  /** Last lines of what the node printed on stderr. */
  nodeComplaint(seat: string): Promise<string>;
  /** Brings the files of a seat where they can be read. */
  collectNode(seat: string): Promise<CollectedFiles>;
  dispose(): Promise<void>;
}
