/**
 * What may live beside a lab in its process, and sees everything that the lab sees: the dashboard. A port of the lab,
 * so that a lab without one loads nothing of it.
 */
import type { NodeConditions } from '../../node/host/conditions.ts';
import type { Observation } from '../history/observation.ts';
import type { LabDirectory } from './lab-directory.ts';
import type { LabOperations } from './lab-operations.ts';
import type { LabEvent } from './lab-view.ts';

export interface LabCompanion {
  onEvent(event: LabEvent): void;
  onObservation(seat: string, observation: Observation): void;
  /** What a seat runs under when it is started; asked at each start. */
  readonly conditionsOf: (seat: string) => NodeConditions;
  /** The lab is ready. Resolves with the URL at which it can be reached; throws a Failure where that cannot be. */
  listen(directory: LabDirectory): Promise<string>;
  /** From now on it may ask the lab to do things. */
  serve(operations: LabOperations): void;
  /** The lab is about to stop: what was done to it ends. Idempotent. */
  settle(): Promise<void>;
  /** Answers that are under way are still written. Idempotent. */
  close(): Promise<void>;
}
