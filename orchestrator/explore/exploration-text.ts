/** An exploration as people and as programs read it: how far it is, what it has seen, what it has found. */
import type { Terminal } from '../cli/terminal.ts';
import { STUCK_REASONS } from '../history/stuck-request.ts';
import { commandText } from '../report/replay-command.ts';
import type { DrawOptions } from './draw-scenario.ts';
import type { Exploration, Progress } from './explore.ts';
import type { FoundScenario } from './found-scenario.ts';
import { drawableKinds } from './kinds.ts';

export interface Outcome {
  readonly exploration: Exploration;
  readonly drawing: DrawOptions;
  /** Null: nothing was found. */
  readonly shown: FoundScenario | null;
  /** Where it was written. */
  readonly file: string | null;
}

export function progressLines(progress: Progress, drawing: DrawOptions): readonly string[] {
  return [scheduleText(progress, drawing), requestText(progress), coverageText(progress, drawing)];
}

export function outcomeLines(outcome: Outcome, terminal: Pick<Terminal, 'style'>): readonly string[] {
  const { exploration, drawing, shown, file } = outcome;
  const { found, interrupted, tally } = exploration;
  const lines = [...progressLines(exploration, drawing)];
  if (tally.unexplainedSeed !== null)
    lines.push(`stuck for no reason that the rules allow: seed ${tally.unexplainedSeed} (look at it: a bug)`);
  if (interrupted) lines.push('interrupted');
  if (found === null || shown === null || file === null) {
    lines.push(`${terminal.style('green', 'NONE')}   no violation in ${tally.schedules} schedules`);
    return lines;
  }
  const what = shown.invariant ?? 'error';
  lines.push(
    `${terminal.style('red', 'FOUND')}  ${what} at seed ${found.seed}: ${shown.detail}`,
    `       ${blame(drawing)}`,
    `       made small in ${shown.runs} runs: ${sizeText(shown)}`,
    `file   ${file}`,
    `again  ${commandText(replayOf(file))}`,
  );
  return lines;
}

export function outcomeJson({ exploration, drawing, shown, file }: Outcome): unknown {
  const { tally, elapsedMs, workers, found, interrupted } = exploration;
  const { pairs, ...counts } = tally;
  const kinds = drawableKinds(drawing);
  return {
    ...drawing,
    ...counts,
    elapsedMs: Math.round(elapsedMs),
    workers,
    schedulesPerSecond: rate(exploration),
    stuckShare: Object.fromEntries(
      STUCK_REASONS.map((reason) => [reason, tally.stuck[reason] / (tally.requests || 1)]),
    ),
    pairsSeen: pairs.size,
    pairsDrawable: pairsOf(kinds.length),
    interrupted,
    found:
      found === null || shown === null || file === null
        ? null
        : {
            seed: found.seed,
            violations: found.violations,
            error: found.error,
            invariant: shown.invariant,
            detail: shown.detail,
            nodes: shown.nodes,
            requests: shown.requests,
            faults: shown.faults,
            byzantine: shown.byzantine,
            shrinkRuns: shown.runs,
            file,
            replay: replayOf(file),
          },
  };
}

function replayOf(file: string): readonly string[] {
  return ['npx', 'wallance', 'run', file, '--runtime', 'simulated'];
}

function blame({ profile, bounds }: DrawOptions): string {
  if (profile !== 'paper') return `${profile} promises nothing: this is what it allows`;
  if (bounds === 'beyond') return 'beyond the bounds within which paper promises this';
  return 'paper promises this here: a bug of the core, of the simulator or of a check';
}

function sizeText({ nodes, requests, faults, byzantine }: FoundScenario): string {
  const some = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  return `${some(nodes, 'node')}, ${some(requests, 'request')}, ${some(faults, 'fault')}, ${byzantine} Byzantine`;
}

function scheduleText({ tally, workers, elapsedMs }: Progress, { profile, bounds }: DrawOptions): string {
  const seconds = (elapsedMs / 1000).toFixed(1);
  return `${tally.schedules} schedules of ${profile}, ${bounds} bounds, in ${seconds} s: ${rate({ tally, elapsedMs })} a second in ${workers} processes`;
}

/** Of what correct requesters asked for. */
function requestText({ tally: { requests, decided, stuck } }: Progress): string {
  const share = (count: number): string => `${((100 * count) / (requests || 1)).toFixed(1)} %`;
  const classes = STUCK_REASONS.filter((reason) => stuck[reason] > 0).map(
    (reason) => `${reason} ${share(stuck[reason])}`,
  );
  const rest = classes.length === 0 ? '' : `; stuck: ${classes.join(', ')}`;
  return `${requests} requests, ${share(decided)} decided everywhere${rest}`;
}

function coverageText({ tally: { pairs } }: Progress, drawing: DrawOptions): string {
  return `${pairs.size} of ${pairsOf(drawableKinds(drawing).length)} pairs of kinds of fault and behaviour`;
}

function pairsOf(kinds: number): number {
  return (kinds * (kinds - 1)) / 2;
}

function rate({ tally, elapsedMs }: Pick<Progress, 'tally' | 'elapsedMs'>): number {
  return elapsedMs <= 0 ? 0 : Math.round((1000 * tally.schedules) / elapsedMs);
}
