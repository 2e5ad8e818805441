/** One of each behaviour, for a lab whose members are numbers from 1 on. */
import type { Behaviour } from '../../node/behaviours/behaviour.ts';

const sides = { left: ['2', '3'], right: ['4'] };

export const EVERY_BEHAVIOUR: readonly Behaviour[] = [
  { kind: 'silent-voter' },
  { kind: 'always-yes' },
  { kind: 'always-no' },
  { kind: 'wrong-remaining', byUnits: -3 },
  { kind: 'equivocating-voter', sides, byUnits: 5 },
  { kind: 'repeated-vote', copies: 2, everyMs: 10 },
  { kind: 'double-spender', sides, gapMs: 5, service: 'Tea', crossed: true },
  { kind: 'overspender', service: 'Nespresso', everyMs: 50 },
  { kind: 'forged-voter', voters: ['3', 'ghost'] },
  { kind: 'sybil-wallets', count: 3, everyMs: 40 },
  { kind: 'sensor-spam', perSecond: 100 },
  { kind: 'vote-copier' },
  { kind: 'replayer', afterMs: 20, copies: 2 },
  { kind: 'weak-work' },
  { kind: 'stale-state' },
  { kind: 'selective-sender', messages: 'both', to: ['1', '3'] },
  { kind: 'hostile-payloads', perSecond: 100 },
  { kind: 'withholding', delayMs: 15 },
  { kind: 'reward-ring', ring: ['2', '3'], service: 'Tea' },
];
