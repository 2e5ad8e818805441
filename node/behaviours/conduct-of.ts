/** From a behaviour as data to its code: the list of all of them. */
import type { Behaviour } from './behaviour.ts';
import type { Conduct, ConductContext } from './conduct.ts';
import { repeatedVote, withholding } from './delayed-votes.ts';
import { doubleSpender } from './double-spender.ts';
import { equivocatingVoter } from './equivocating-voter.ts';
import { sensorSpam, sybilWallets } from './false-sensors.ts';
import { forgedVoter } from './forged-voter.ts';
import { hostilePayloads } from './hostile-payloads.ts';
import { overspender } from './overspender.ts';
import { replayer } from './replayer.ts';
import { rewardRing } from './reward-ring.ts';
import { selectiveSender } from './selective-sender.ts';
import { silentVoter } from './silent-voter.ts';
import { staleState } from './stale-state.ts';
import { alwaysYes } from './unchecked-voter.ts';
import { voteCopier } from './vote-copier.ts';
import { weakWork } from './weak-work.ts';
import { alwaysNo, wrongRemaining } from './wrong-value.ts';

export function conductOf(behaviour: Behaviour, context: ConductContext): Conduct {
  switch (behaviour.kind) {
    case 'silent-voter':
      return silentVoter(context);
    case 'always-yes':
      return alwaysYes(context);
    case 'always-no':
      return alwaysNo(context);
    case 'wrong-remaining':
      return wrongRemaining(context, behaviour.byUnits);
    case 'equivocating-voter':
      return equivocatingVoter(context, behaviour.sides, behaviour.byUnits);
    case 'repeated-vote':
      return repeatedVote(context, behaviour.copies, behaviour.everyMs);
    case 'double-spender':
      return doubleSpender(context, behaviour);
    case 'overspender':
      return overspender(context, behaviour.service, behaviour.everyMs);
    case 'forged-voter':
      return forgedVoter(context, behaviour.voters);
    case 'sybil-wallets':
      return sybilWallets(context, behaviour.count, behaviour.everyMs);
    case 'sensor-spam':
      return sensorSpam(context, behaviour.perSecond);
    case 'vote-copier':
      return voteCopier(context);
    case 'replayer':
      return replayer(context, behaviour.afterMs, behaviour.copies);
    case 'weak-work':
      return weakWork(context);
    case 'stale-state':
      return staleState(context);
    case 'selective-sender':
      return selectiveSender(context, behaviour);
    case 'hostile-payloads':
      return hostilePayloads(context, behaviour.perSecond);
    case 'withholding':
      return withholding(context, behaviour.delayMs);
    case 'reward-ring':
      return rewardRing(context, behaviour.ring, behaviour.service);
  }
}
