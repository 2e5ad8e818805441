/** Frames of a lab's events, made up for tests of what is made of them. */
import type { Frame, LiveNode } from '../../orchestrator/dashboard/api/frame-shape.ts';

export const frame = (parts: Partial<Frame>): Frame => ({ boot: 'a', version: 1, at: 1000, full: false, ...parts });

/** An honest node of three that is up and has nothing yet. */
export const liveNode = (seat: string, changes: Partial<LiveNode> = {}): LiveNode => ({
  seat,
  node: seat,
  state: 'ready',
  detail: null,
  paused: false,
  connected: true,
  behaviours: [],
  n: 3,
  quorum: 2,
  units: 0,
  sent: {},
  decisions: 0,
  refusals: 0,
  ...changes,
});
