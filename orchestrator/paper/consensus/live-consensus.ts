/**
 * Time to consensus among real nodes: one run of the run driver, requests one after another with requesters in turn,
 * wallets funded beforehand, no sensors and no link rules during the load. Everything is read from what the run left
 * behind, the nodes' own records and the broker's journal, so each figure can be made again from the run directory.
 *
 * It listens to observations while it measures, as every run does: the lab process takes some processor time from the
 * nodes of the same machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quorum } from '../../../node/protocol/quorum.ts';
import { loadRun } from '../../checks/load-run.ts';
import { Failure } from '../../failure.ts';
import { linesOf } from '../../files/lines.ts';
import { median } from '../../history/distribution.ts';
import { latencyOf } from '../../history/latency.ts';
import { textOf } from '../../history/observation.ts';
import { RequestTracker } from '../../history/request-track.ts';
import { membersOf } from '../../lab/lab-plan.ts';
import type { RunSummary } from '../../report/run-summary.ts';
import { resolveScenarioValue } from '../../scenario/resolve-scenario.ts';
import type { ScenarioPlan } from '../../scenario/scenario-plan.ts';
import { type LatencyFigures, latencyFigures } from '../latency-figures.ts';
import { performLiveRun } from '../live-run.ts';
import type { MeasureContext } from '../measurement.ts';
import { timesOnTheWire, type WireLine, type WireTimes, wireLine } from './times-on-the-wire.ts';

export interface LiveSizes {
  readonly n: number;
  /** Requests that count. */
  readonly requests: number;
  /** Requests before them, left out: code is still being compiled. */
  readonly warmUp: number;
}

/** A request of the load. Milliseconds from its sending, the `req.tx` of its requester. */
export interface LiveRequest extends WireTimes {
  readonly requestId: string;
  readonly requester: string;
  readonly warmUp: boolean;
  /** Durable commit at the requester. Null: not decided there. */
  readonly requesterMs: number | null;
  /** Durable commit at the last of all nodes. Null: not decided everywhere. */
  readonly everyMs: number | null;
}

/** `data` of a raw file `consensus-live-<n>`. */
export interface LiveConsensus {
  readonly n: number;
  readonly quorum: number;
  /** The run, relative to paper.json. */
  readonly run: string;
  readonly durability: string;
  readonly qos: number;
  /** Pause after the requester's decision. */
  readonly thinkMs: number;
  readonly verdict: string;
  /** Why the run did not go as planned, a line each. */
  readonly reasons: readonly string[];
  readonly warmUp: number;
  /** Requests that count; those below are among them. */
  readonly requests: number;
  /** Not decided at every node. */
  readonly undecided: number;
  /** Votes of the request and of its neighbours cannot be told apart on the wire: without times there. */
  readonly overlapping: number;
  /** Where the times contradict each other: sending <= request's passage <= quorum's passage <= requester's decision. */
  readonly outOfOrder: number;
  readonly quorumMs: LatencyFigures | null;
  readonly requesterMs: LatencyFigures | null;
  readonly everyMs: LatencyFigures | null;
  /** A decision, medians over those that do not overlap. */
  readonly messages: {
    readonly publishes: number;
    readonly deliveries: number;
    readonly payloadBytes: number;
  } | null;
  readonly each: readonly LiveRequest[];
}

const SERVICE = 'Nespresso';
const PRICE_DCOINS = 2;
/** At the profile's 5 units a dcoin. */
const PRICE_UNITS = 10;
const GIVE_UP_MS = 10_000;

/** Pause after the requester's decision: several times what the others then still need. */
export function thinkMsOf(n: number): number {
  return n <= 16 ? 80 : 5 * n;
}

/** The scenario of a measurement, without a default left to chance. */
export function livePlan({ n, requests, warmUp }: LiveSizes, lab: string, seed: string): ScenarioPlan {
  const count = requests + warmUp;
  const result = resolveScenarioValue(
    {
      name: `consensus-live-${n}`,
      description: 'Honest nodes on a plain fabric buy one after another, nothing else happens.',
      nodes: n,
      services: { [SERVICE]: PRICE_DCOINS },
      workload: {
        duration: `${count * (thinkMsOf(n) + GIVE_UP_MS)}ms`,
        settle: '20s',
        sensors: 'none',
        funds: Math.ceil(count / n) * PRICE_UNITS,
        purchases: [
          {
            loop: 'round-robin',
            count,
            service: SERVICE,
            think: `${thinkMsOf(n)}ms`,
            giveUp: `${GIVE_UP_MS}ms`,
          },
        ],
      },
    },
    { seed, lab },
  );
  if (!result.ok) throw Failure.ofProblems(`the scenario consensus-live-${n}`, result.problems);
  return result.plan;
}

/** Rejects with CannotMeasure where the runtime is not there, with a Failure where the run leaves nothing to read. */
export async function measureLiveConsensus(sizes: LiveSizes, context: MeasureContext): Promise<LiveConsensus> {
  const plan = livePlan(sizes, `paper-${process.pid}-${sizes.n}`, context.seed);
  const { summary, runDirectory } = await performLiveRun(plan, context);
  return readLiveConsensus(summary.path, sizes.warmUp, runDirectory);
}

/** From a run directory; `name`: where it is, relative to paper.json. */
export function readLiveConsensus(path: string, warmUp: number, name: string): LiveConsensus {
  const { record } = loadRun(path);
  const result = JSON.parse(readFileSync(join(path, 'result.json'), 'utf8')) as RunSummary;
  const { lab } = record.plan;
  const members = membersOf(lab.seats);
  const { majorityThreshold, quorumRounding } = lab.parameters;
  const needed = quorum(majorityThreshold, members.length, quorumRounding);

  const tracker = new RequestTracker();
  const votesSent = new Map<string, number>();
  for (const { seat, observation } of record.history()) {
    tracker.take(seat, observation);
    if (observation.event !== 'vote.tx') continue;
    const requestId = textOf(observation, 'reqId');
    votesSent.set(requestId, (votesSent.get(requestId) ?? 0) + 1);
  }
  const tracks = tracker.tracks();
  const lines: WireLine[] = [];
  for (const text of linesOf(join(path, 'messages.ndjson'))) {
    const line = wireLine(text);
    if (line !== null) lines.push(line);
  }
  const wire = timesOnTheWire(
    lines,
    tracks.map(({ requestId, requester, sentAtMs, cast }) => ({
      requester,
      sentAtMs,
      votesSent: votesSent.get(requestId) ?? 0,
      unanimous: new Set(cast.map(({ remainingUnits }) => remainingUnits)).size === 1,
    })),
    needed,
  );

  const each = tracks.map((track, index): LiveRequest => {
    const { requestId, requesterMs, allMs } = latencyOf(track, members);
    const { requester } = track;
    return { requestId, requester, warmUp: index < warmUp, requesterMs, everyMs: allMs, ...wire[index]! };
  });
  const counted = each.filter((request) => !request.warmUp);
  const clean = counted.filter(({ alone }) => alone);
  const of = (times: readonly (number | null)[]): LatencyFigures | null =>
    latencyFigures(times.filter((timeMs) => timeMs !== null));
  return {
    n: members.length,
    quorum: needed,
    run: name,
    durability: lab.durability,
    qos: lab.qos,
    thinkMs: thinkMsOf(members.length),
    verdict: result.verdict,
    reasons: result.reasons,
    warmUp: each.length - counted.length,
    requests: counted.length,
    undecided: counted.filter(({ everyMs }) => everyMs === null).length,
    overlapping: counted.length - clean.length,
    outOfOrder: counted.filter(isOutOfOrder).length,
    quorumMs: of(counted.map(({ quorumMs }) => quorumMs)),
    requesterMs: of(counted.map(({ requesterMs }) => requesterMs)),
    everyMs: of(counted.map(({ everyMs }) => everyMs)),
    messages:
      clean.length === 0
        ? null
        : {
            publishes: median(clean.map(({ publishes }) => publishes)),
            deliveries: median(clean.map(({ deliveries }) => deliveries)),
            payloadBytes: median(clean.map(({ payloadBytes }) => payloadBytes)),
          },
    each,
  };
}

function isOutOfOrder({ passageMs, quorumMs, requesterMs, everyMs }: LiveRequest): boolean {
  const times = [0, passageMs, quorumMs, requesterMs, everyMs].filter((timeMs) => timeMs !== null);
  return times.some((timeMs, index) => index > 0 && timeMs < times[index - 1]!);
}
