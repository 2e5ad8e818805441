/** `wallance buy`: one node of a running lab buys a service, and the command waits for what becomes of it. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { Failure } from '../failure.ts';
import { askLab } from '../lab/ask-lab.ts';
import type { BuyEvent, BuyResult } from '../lab/lab-commands.ts';
import { existingLab, LAB_FLAG, labOption, requireKnown } from './lab-flags.ts';

export const buyCommand = defineCommand({
  name: 'buy',
  summary: 'Let a node buy a service, and wait for the decision',
  flags: {
    lab: LAB_FLAG,
    wait: { type: 'switch', help: 'keep the order until the node has the funds and no other request' },
    force: { type: 'switch', help: 'send the request whatever the node thinks of it' },
    timeout: {
      type: 'number',
      min: 0.1,
      max: 86_400,
      default: null,
      value: 'SECONDS',
      help: 'how long to wait for the decision; 30 when absent, 300 with --wait',
    },
    'no-follow': { type: 'switch', help: 'return as soon as the node has taken the order' },
    json: { type: 'switch', help: 'print the result as JSON' },
  },
  positionals: [
    { name: 'node', help: 'id of the node that buys and pays', required: true },
    { name: 'service', help: 'what it buys', required: true },
  ],
  examples: ['wallance buy 3 espresso', 'wallance buy 3 espresso --wait --timeout 120'],
  details: [
    'A node refuses what its own wallet cannot pay, and a second request while one is not decided (exit code 1). A request without a decision in time stays pending (exit code 2).',
  ],
  perform: async ({ terminal, home, signal }, { flags, positionals }) => {
    const { directory, plan } = existingLab(home, flags.lab);
    const [node, service] = positionals as [string, string];
    requireKnown(plan, { node, service });
    if (flags.wait && flags.force) throw new Failure('usage', '--wait: expected nothing beside --force, got both');
    const timeoutSeconds = flags.timeout ?? (flags.wait ? 300 : 30);
    let unitsShown = -1;
    const note = (text: string): void => {
      if (!flags.json) terminal.note(terminal.style('dim', text));
    };
    const result = await askLab<BuyResult>(
      directory,
      {
        kind: 'buy',
        node,
        service,
        mode: flags.wait ? 'wait' : flags.force ? 'force' : 'strict',
        follow: !flags['no-follow'],
        timeoutMs: timeoutSeconds * 1000,
      },
      {
        signal,
        onEvent: (event) => {
          const happened = event as BuyEvent;
          if (happened.kind === 'queued') note(`node ${node} keeps the order: ${happened.reason.replace('-', ' ')}`);
          else if (happened.kind === 'requested') note(`requested: ${happened.requestId.slice(0, 16)}`);
          else if (happened.units !== unitsShown) {
            unitsShown = happened.units;
            note(`node ${node} holds ${happened.units} of ${happened.neededUnits} units`);
          }
        },
      },
    );
    if (flags.json) terminal.json(result);
    else for (const line of describe(result, timeoutSeconds, labOption(flags.lab))) terminal.line(line);
    return result.outcome === 'undecided'
      ? EXIT.inconclusive
      : result.served?.phase === 'failed'
        ? EXIT.failed
        : EXIT.pass;
  },
});

function describe(result: BuyResult, timeoutSeconds: number, option: string): string[] {
  const { outcome, node, service, requesterMs, allMs, decidedBy, members, served, remainingUnits } = result;
  switch (outcome) {
    case 'ordered':
    case 'refused':
    case 'lost':
      return [
        `The order of node ${node} for ${service} is ${outcome}${result.detail === null ? '' : `: ${result.detail}`}.`,
      ];
    case 'queued':
      return [`Node ${node} keeps the order for ${service} until it can pay.`];
    case 'requested':
      return [`Node ${node} has requested ${service}.`];
    case 'undecided':
      return [
        result.requestId === null
          ? `Node ${node} has not been able to request ${service} within ${timeoutSeconds} s; it keeps the order.`
          : `No decision on ${service} for node ${node} within ${timeoutSeconds} s: ${result.votes} votes have come; the request stays pending.`,
        `  npx wallance status${option} shows what every node holds`,
      ];
    case 'decided': {
      const { clockErrorMs } = result;
      const clocks =
        clockErrorMs === 0
          ? ''
          : clockErrorMs === null
            ? ' (on clocks of other machines, which were not compared)'
            : ` (± ${clockErrorMs.toFixed(1)} ms between clocks)`;
      const time = requesterMs === null ? '' : ` in ${requesterMs.toFixed(1)} ms`;
      const all =
        allMs === null
          ? `${decidedBy} of ${members} nodes have decided so far`
          : `all ${members} nodes after ${allMs.toFixed(1)} ms${clocks}`;
      return [
        `Node ${node} has bought ${service}: decided${time}, ${all}; ${remainingUnits} units remain.`,
        served === null ? '  the service has not ended yet' : `  service ${served.phase}: ${served.detail}`,
      ];
    }
  }
}
