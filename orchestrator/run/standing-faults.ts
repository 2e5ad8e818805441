/** What a plan has in force for the whole load, as faults like any other: asked, applied, seen to work, healed. Pure. */
import type { Fault, PlannedFault, ScenarioPlan } from '../scenario/scenario-plan.ts';

type Standing<K extends Fault['kind']> = PlannedFault & { readonly fault: Extract<Fault, { readonly kind: K }> };

/** The plan's own link rules; null where it has none. */
export function standingLinks({ links, seats }: Pick<ScenarioPlan, 'links' | 'seats'>): Standing<'link'> | null {
  if (links.length === 0) return null;
  const fault = { kind: 'link', seats: seats.map(({ seat }) => seat), rules: links } as const;
  return { ...whole('links', 'links of the fabric'), fault };
}

/** One for each group whose seats misbehave, in the order of the seats; the seats of a group behave alike. */
export function standingBehaviours({ seats }: Pick<ScenarioPlan, 'seats'>): readonly Standing<'behave'>[] {
  const misbehaving = seats.filter(({ conditions }) => conditions.behaviours.length > 0);
  return [...new Set(misbehaving.map(({ group }) => group))].map((group) => {
    const members = misbehaving.filter((seat) => seat.group === group);
    const names = members.map(({ seat }) => seat);
    const { behaviours } = members[0]!.conditions;
    const title = `${behaviours.map(({ kind }) => kind).join(', ')} at ${names.join(', ')}`;
    return { ...whole(`group-${group}`, title), fault: { kind: 'behave', seats: names, behaviours } };
  });
}

function whole(id: string, title: string): Omit<PlannedFault, 'fault'> {
  return { id, title, trigger: { atMs: 0 }, durationMs: null };
}
