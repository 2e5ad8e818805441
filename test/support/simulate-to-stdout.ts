/** Prints everything that a simulated run writes: a process of its own for tests of determinism. */
import { simulateRun } from '../../orchestrator/simulated/simulation.ts';
import { eventfulPlan } from './simulated-plan.ts';

let text = '';
const end = simulateRun(eventfulPlan(process.argv[2] ?? 'test'), {
  onLines: (_seat, lines) => {
    text += lines;
  },
  onEvent: (event) => {
    text += `${JSON.stringify(event)}\n`;
  },
  onJournal: (lines) => {
    text += lines;
  },
});
process.stdout.write(`${text}${JSON.stringify([...end.finals])}${JSON.stringify(end.fabric)}\n`);
