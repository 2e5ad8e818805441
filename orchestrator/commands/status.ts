/** `wallance status`: what runs, and what every node thinks that everybody holds. */
import { type CommandContext, defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { textTable } from '../cli/text-table.ts';
import { tryLab } from '../lab/ask-lab.ts';
import type { LabStatus } from '../lab/lab-commands.ts';
import { existingLab, LAB_FLAG, labOption } from './lab-flags.ts';

export const statusCommand = defineCommand({
  name: 'status',
  summary: 'What runs, and what every node thinks that everybody holds',
  flags: { lab: LAB_FLAG, json: { type: 'switch', help: 'print everything that is known, as JSON' } },
  examples: ['wallance status', 'wallance status --json --lab small'],
  details: ['Exit code 4 when the lab does not run.'],
  perform: async (context, { flags }) => {
    const { directory, plan } = existingLab(context.home, flags.lab);
    const answer = await tryLab<LabStatus>(directory, { kind: 'status' }, { signal: context.signal });
    if (answer === null) {
      if (flags.json) context.terminal.json({ running: false, plan });
      else {
        context.terminal.line(
          `Lab ${flags.lab} (${plan.seats.length} nodes, profile ${plan.profile}) is not running; its wallets are kept.`,
        );
        context.terminal.line(`  npx wallance up${labOption(flags.lab)} goes on with them`);
      }
      return EXIT.environment;
    }
    if (flags.json) context.terminal.json(answer.result);
    else printStatus(context, answer.result);
    return EXIT.pass;
  },
});

function printStatus({ terminal }: CommandContext, status: LabStatus): void {
  const { plan, nodes, startedAt, dashboardUrl } = status;
  terminal.line(
    `Lab ${terminal.style('bold', plan.lab)}: profile ${plan.profile}, ${plan.seats.length} nodes, up for ${duration(Date.now() - startedAt)}`,
  );
  if (dashboardUrl !== null) terminal.line(`  see it live: ${dashboardUrl}`);
  terminal.line();
  const columns = [
    { title: 'node' },
    { title: 'state' },
    { title: 'pid', align: 'right' },
    { title: 'decided', align: 'right' },
    { title: 'sensor tx', align: 'right' },
    { title: 'pending', align: 'right' },
    { title: 'votes held', align: 'right' },
    { title: 'refused', align: 'right' },
    { title: 'memory', align: 'right' },
    { title: 'database', align: 'right' },
  ] as const;
  const rows = nodes.map(({ node, state, pid, report, detail }) => [
    node,
    stateText(terminal, state),
    pid === null ? '-' : String(pid),
    ...(report === null
      ? [detail ?? '-']
      : [
          String(report.decisions),
          String(report.sensorTransactions),
          String(report.storedRequests),
          String(report.storedVotes),
          String(Object.values(report.rejections).reduce((sum, count) => sum + count, 0)),
          `${Math.round(report.rssBytes / 1024 / 1024)} MB`,
          `${Math.round(report.databaseBytes / 1024)} kB`,
        ]),
  ]);
  for (const line of textTable(columns, rows)) terminal.line(line);
  terminal.line();
  printWallets(terminal, status);
  const orders = nodes.flatMap(({ node, report }) =>
    (report?.pendingOrders ?? []).map(({ phase }) => `node ${node} ${phase}`),
  );
  if (orders.length > 0) terminal.line(`Orders under way: ${orders.join(', ')}`);
  const { fabric, fabricFailure } = status;
  if (fabricFailure !== null) terminal.line(terminal.style('red', `The fabric has gone: ${fabricFailure}`));
  if (fabric !== null) {
    const { received, delivered, dropped, refused, redelivered } = fabric;
    const sum = (counts: Readonly<Record<string, number>>): number =>
      Object.values(counts).reduce((total, count) => total + count, 0);
    terminal.line(
      `Fabric ${status.fabricUrl}: ${received.sensor.messages} sensor and ${received.consensus.messages} consensus messages in, ` +
        `${delivered.sensor.messages + delivered.consensus.messages} deliveries, ${redelivered} again, ${sum(dropped)} dropped, ${sum(refused)} refused`,
    );
  }
}

/** A row a wallet; one column where the nodes agree on it, and who holds what where they do not. */
function printWallets(terminal: Terminal, status: LabStatus): void {
  const answered = status.nodes.flatMap(({ report }) => (report === null ? [] : [report]));
  const [first] = answered;
  if (first === undefined) {
    terminal.line('No node answers.');
    return;
  }
  const different = new Map(status.differences.map((difference) => [difference.wallet, difference]));
  const rate = first.dcoinRate;
  const ids = new Set([...first.wallets.map(({ id }) => id), ...different.keys()]);
  const rows = [...ids].map((id) => {
    const difference = different.get(id);
    if (difference === undefined) {
      const wallet = first.wallets.find((candidate) => candidate.id === id)!;
      return [
        id,
        String(wallet.units),
        dcoins(wallet.units, rate),
        wallet.stateHash.slice(0, 12),
        answered.length === 1 ? 'one node' : `all ${answered.length} alike`,
      ];
    }
    const views = difference.views.map(
      ({ units, stateHash, nodes }) =>
        `nodes ${nodes.join(',')}: ${units === null ? 'none' : `${units} at ${stateHash?.slice(0, 12)}`}`,
    );
    return [id, '?', '?', '?', terminal.style('yellow', `DIFFERENT ${views.join('; ')}`)];
  });
  const columns = [
    { title: 'wallet' },
    { title: 'units', align: 'right' },
    { title: 'DCoin', align: 'right' },
    { title: 'state' },
    { title: 'as seen by' },
  ] as const;
  for (const line of textTable(columns, rows)) terminal.line(line);
}

function stateText(terminal: Terminal, state: string): string {
  return state === 'ready'
    ? terminal.style('green', 'up')
    : state === 'starting'
      ? 'starting'
      : terminal.style('red', state);
}

export function dcoins(units: number, rate: number): string {
  return (units / rate).toFixed(rate === 1 ? 0 : 1);
}

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
