/** The end of a run for people: verdict, what it rests on, latencies, and where it is written down. */
import { relative } from 'node:path';
import type { MetricName } from '../checks/metric.ts';
import type { JudgedCheck } from '../checks/verdict.ts';
import type { CommandContext } from '../cli/command.ts';
import { textTable } from '../cli/text-table.ts';
import { resultOf } from '../report/check-text.ts';
import type { RunSummary } from '../report/run-summary.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';

/** As many checks that are as expected are listed; beyond, they are counted. */
const CHECKS_LISTED_MAX = 12;
const STUCK_LISTED_MAX = 10;
const MARK = { pass: 'green', failed: 'red', inconclusive: 'yellow' } as const;
const WORDS = { pass: 'PASS', failed: 'FAILED', inconclusive: 'INCONCLUSIVE' } as const;

export function printRunSummary({ terminal, cwd }: CommandContext, plan: ScenarioPlan, summary: RunSummary): void {
  const { judgement, verdict, orders } = summary;
  const { metrics, checks, stuck, correct } = judgement;
  const value = (name: MetricName): string => shown(metrics[name]);
  const divergent = metrics['divergent-wallets'];
  terminal.line();
  terminal.line(
    `${terminal.style(MARK[verdict], WORDS[verdict])}  ${value('decided-everywhere')} of ${value('requests')} requests decided on all ${correct.length} correct nodes; ` +
      (divergent === 0
        ? 'every node holds the same wallets'
        : `nodes ${divergent === null ? 'were not all read' : `disagree on ${divergent} wallets`}`),
  );
  for (const reason of summary.reasons) terminal.line(`  ${reason}`);
  terminal.line();
  printChecks(terminal, checks);
  const row = (name: string, which: 'requester' | 'all'): string[] => [
    name,
    ...(['p50', 'p95', 'p99', 'max'] as const).map((part) => {
      const ms = metrics[`latency-${which}-${part}`];
      return ms === null ? '-' : ms.toFixed(1);
    }),
  ];
  terminal.line();
  for (const line of textTable(
    [
      { title: 'request to, ms' },
      { title: 'p50', align: 'right' },
      { title: 'p95', align: 'right' },
      { title: 'p99', align: 'right' },
      { title: 'max', align: 'right' },
    ],
    [row('decision at the requester', 'requester'), row('commit on every node', 'all')],
    2,
  )) {
    terminal.line(line);
  }
  terminal.line();
  const unanswered = orders.refused + orders.lost + orders.givenUp;
  terminal.line(
    `  ${value('sensor-transactions')} sensor transactions, ${value('votes')} votes, ${value('services-served')} services served` +
      (orders.queued > 0 ? `, ${orders.queued} orders still waited for funds` : '') +
      (unanswered > 0
        ? `, ${orders.refused} orders refused, ${orders.lost} not answered, ${orders.givenUp} given up`
        : ''),
  );
  if (stuck.length > 0) {
    terminal.line(`  stuck requests: ${stuck.length}`);
    for (const { requester, service, requestId, reason, detail } of stuck.slice(0, STUCK_LISTED_MAX)) {
      terminal.line(`    ${reason.padEnd(12)} ${requestId.slice(0, 12)} node ${requester}, ${service}: ${detail}`);
    }
    if (stuck.length > STUCK_LISTED_MAX) terminal.line(`    and ${stuck.length - STUCK_LISTED_MAX} more`);
  }
  for (const { title, state, verifiedMs, detail } of summary.faults) {
    const seen = state === 'healed' && verifiedMs !== null ? 'seen to work, healed' : state;
    terminal.line(`  fault ${title}: ${seen}${detail === '' ? '' : ` (${detail})`}`);
  }
  terminal.line(`  profile ${plan.lab.profile}, seed ${plan.seed}, written to ${relative(cwd, summary.path)}`);
}

function printChecks(terminal: CommandContext['terminal'], checks: readonly JudgedCheck[]): void {
  const odd = checks.filter(({ asExpected }) => asExpected !== true);
  const listed = checks.length <= CHECKS_LISTED_MAX ? checks : odd;
  for (const judged of listed) {
    const { check, state, detail, asExpected } = judged;
    const mark = asExpected === null ? '?' : asExpected ? '+' : 'x';
    const style = asExpected === null ? 'yellow' : asExpected ? 'green' : 'red';
    const expected = check.expect === 'violate' ? ' (expected to be violated)' : '';
    terminal.line(
      `  ${terminal.style(style, mark)} ${check.title}${expected}: ${state === 'hold' ? 'holds' : state}, ${resultOf(judged)}`,
    );
    if (asExpected !== true || state === 'violated') terminal.line(`      ${detail}`);
  }
  if (listed.length < checks.length) terminal.line(`  ${checks.length - odd.length} checks as expected`);
}

function shown(value: number | null): string {
  return value === null ? '-' : String(value);
}
