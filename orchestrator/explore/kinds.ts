/** Kinds of fault and of behaviour by name: those that a scenario has, and those that an exploration can draw. */
import { DOUBLE_SPENDING, REQUESTER_BEHAVIOURS, VOTER_BEHAVIOURS } from './draw-behaviours.ts';
import { FAULTS_BEYOND, FAULTS_WITHIN } from './draw-faults.ts';
import type { DrawOptions } from './draw-scenario.ts';
import type { DrawnScenario, Part } from './drawn-scenario.ts';

const EFFECTS = ['drop', 'delay', 'duplicate', 'reorder', 'rate', 'corrupt'] as const;

/** In the order of the alphabet, each once. */
export function kindsOf({ seats, faults, links }: DrawnScenario): readonly string[] {
  const kinds = new Set<string>();
  for (const { behaviours, joinsAtMs, twin } of seats) {
    for (const { kind } of behaviours) kinds.add(kind);
    if (joinsAtMs !== null) kinds.add('join');
    if (twin) kinds.add('twin');
  }
  for (const link of links) addLink(link, kinds);
  for (const { kind, body } of faults) {
    if (kind === 'link') addLink(body, kinds);
    else if (kind === 'partition') kinds.add(body.oneWay === true ? 'one-way' : kind);
    else if (kind !== 'behave') kinds.add(body.database === 'lost' || body.sessions === 'lost' ? `${kind}-lost` : kind);
    else for (const behaviour of body.behaviours as readonly Part[]) kinds.add(nameOf(behaviour));
  }
  return [...kinds].sort();
}

function addLink(body: { readonly [key: string]: Part }, kinds: Set<string>): void {
  if (body.flapping !== undefined) kinds.add('flapping');
  else for (const effect of EFFECTS) if (body[effect] !== undefined) kinds.add(effect);
}

function nameOf(behaviour: Part): string {
  return typeof behaviour === 'object' ? Object.keys(behaviour)[0]! : String(behaviour);
}

/** All that can be drawn. */
export function drawableKinds({ profile, bounds }: DrawOptions): readonly string[] {
  const voters = bounds === 'beyond' || profile === 'paper';
  const faults = (bounds === 'beyond' ? FAULTS_BEYOND : FAULTS_WITHIN).filter(
    (kind) => voters || !kind.endsWith('-lost') || kind.startsWith('broker'),
  );
  const behaviours = voters ? [...VOTER_BEHAVIOURS, 'twin'] : [];
  const requester = profile === 'paper' || bounds === 'beyond' ? REQUESTER_BEHAVIOURS : DOUBLE_SPENDING;
  return [...new Set<string>([...faults, ...behaviours, ...requester])].sort();
}
