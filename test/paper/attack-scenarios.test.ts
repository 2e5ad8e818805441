/** The attacks of the evaluation: shipped scenarios with another number of attackers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { ATTACKS, attackScenario, NODES, ORDERS } from '../../orchestrator/paper/attack-scenarios.ts';
import { resolveScenario } from '../../orchestrator/scenario/resolve-scenario.ts';
import type { ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';

function planOf(id: string, attackers: number): ScenarioPlan {
  const attack = ATTACKS.find((candidate) => candidate.id === id)!;
  const result = resolveScenario({ text: attackScenario(attack, attackers), directory: '/' });
  assert.ok(result.ok, JSON.stringify(result));
  return result.plan;
}

const honestOrders = ({ workload, seats }: ScenarioPlan): number =>
  workload.purchases.filter(({ seat }) => seats.find((candidate) => candidate.seat === seat)?.group === 'gateways')
    .length;

describe('attacks of the evaluation', () => {
  for (const { id, counts } of ATTACKS) {
    it(`${id} is a scenario of ${NODES} members for every number of attackers, with the same honest orders`, () => {
      assert.equal(counts[0], 0);
      for (const attackers of counts) {
        const plan = planOf(id, attackers);
        const honest = plan.seats.filter(({ group }) => group === 'gateways').length;
        const spender = id === 'equivocators' && attackers > 0 ? 1 : 0;
        assert.equal(new Set(plan.seats.map(({ node }) => node)).size, NODES);
        assert.equal(honest, NODES - attackers - spender);
        assert.equal(honestOrders(plan), ORDERS);
      }
    });
  }

  it('without attackers nobody misbehaves and nobody is there twice', () => {
    for (const { id } of ATTACKS) {
      const { seats } = planOf(id, 0);
      assert.equal(seats.length, NODES);
      assert.deepEqual(
        seats.flatMap(({ conditions }) => conditions.behaviours),
        [],
      );
    }
  });

  it('two equivocators among eight tell the sides that the shipped scenario has', () => {
    const sidesOf = (attackers: number): unknown => {
      const [fault] = planOf('equivocators', attackers).timeline.map((planned) => planned.fault);
      const [behaviour] = fault?.kind === 'behave' ? fault.behaviours : [];
      return behaviour !== undefined && 'sides' in behaviour ? behaviour.sides : null;
    };
    assert.deepEqual(sidesOf(2), { left: ['2', '3', '4'], right: ['5', '6'] });
    assert.deepEqual(sidesOf(3), { left: ['2', '3'], right: ['4', '5'] });
  });

  it('a fault of the network that belongs to an attack is over before the second half of the orders', () => {
    const attack = ATTACKS.find(({ id }) => id === 'double-request')!;
    const { timeline, workload } = parse(attackScenario(attack, 1)) as {
      readonly timeline: readonly { readonly at: string; readonly for: string }[];
      readonly workload: { readonly purchases: readonly { readonly id: string; readonly from: string }[] };
    };
    assert.deepEqual(
      timeline.map(({ at, for: lasts }) => [at, lasts]),
      [['3s', '2s']],
    );
    assert.equal(workload.purchases.find(({ id }) => id === 'after')?.from, '5500ms');
  });
});
