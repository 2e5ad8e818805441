/** What a plan has in force for the whole load, as faults. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { IDLE_RULE } from '../../orchestrator/fabric/link-rule.ts';
import { standingBehaviours, standingLinks } from '../../orchestrator/run/standing-faults.ts';
import { simulatedPlan } from '../support/simulated-plan.ts';

const plan = simulatedPlan({ nodes: 4 });

describe('what is in force for the whole load', () => {
  it('is nothing where the plan has neither links nor behaviours', () => {
    assert.equal(standingLinks(plan), null);
    assert.deepEqual(standingBehaviours(plan), []);
  });

  it('is one fault of all seats for the links', () => {
    const links = [{ ...IDLE_RULE, id: 'slow', delay: { ms: 1, jitter: null } }];
    const found = standingLinks({ ...plan, links });
    assert.deepEqual(found?.fault, { kind: 'link', seats: ['1', '2', '3', '4'], rules: links });
    assert.equal(found?.durationMs, null);
  });

  it('is one fault for each group that misbehaves', () => {
    const liars = { ...NORMAL_CONDITIONS, behaviours: [{ kind: 'always-yes' }, { kind: 'always-no' }] } as const;
    const mute = { ...NORMAL_CONDITIONS, behaviours: [{ kind: 'silent-voter' }] } as const;
    const seats = plan.seats.map((seat, index) => ({
      ...seat,
      group: ['liars', 'honest', 'mute', 'liars'][index]!,
      conditions: [liars, NORMAL_CONDITIONS, mute, liars][index]!,
    }));
    assert.deepEqual(
      standingBehaviours({ seats }).map(({ id, title, fault }) => [id, title, fault.seats, fault.behaviours]),
      [
        ['group-liars', 'always-yes, always-no at 1, 4', ['1', '4'], liars.behaviours],
        ['group-mute', 'silent-voter at 3', ['3'], mute.behaviours],
      ],
    );
  });
});
