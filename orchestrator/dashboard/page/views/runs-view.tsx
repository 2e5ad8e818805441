/** Runs of scenarios that were kept: what came out, why, and the report. */
import type { RunLineAnswer } from '../../api/run-shape.ts';
import { labClient } from '../lab-client.ts';
import { useAnswer } from '../lab-context.ts';
import { Empty, RefusalNotice } from '../notice.tsx';
import { counted, cut, dayAndTime, milliseconds } from '../wording.ts';

const VERDICTS: Readonly<Record<RunLineAnswer['verdict'], string>> = {
  pass: '\u2713 pass',
  failed: '\u2715 failed',
  inconclusive: '? inconclusive',
};

export function RunsView() {
  const { value, refused, again } = useAnswer(labClient.runs, 'runs');
  return (
    <>
      <div class="title-row">
        <h1>Runs</h1>
        <p class="summary">
          {value === null
            ? ''
            : `${counted(value.runs.length, 'run')}${value.leftOut > 0 ? `, ${value.leftOut} older ones not listed` : ''}`}
        </p>
        <button type="button" onClick={again}>
          Look again
        </button>
      </div>
      <RefusalNotice refused={refused} />
      {value === null ? (
        refused === null && <Empty>Looking for runs.</Empty>
      ) : value.runs.length === 0 ? (
        <Empty>
          No run was kept here yet: <code>wallance run baseline-8</code> makes one.
        </Empty>
      ) : (
        <div class="scroll">
          <table class="stacked runs">
            <caption class="hidden">Runs, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Verdict</th>
                <th scope="col">Scenario</th>
                <th scope="col">Started, UTC</th>
                <th scope="col" class="number">
                  Took
                </th>
                <th scope="col">Set-up</th>
                <th scope="col">Why</th>
                <th scope="col">Report</th>
              </tr>
            </thead>
            <tbody>
              {value.runs.map((run) => (
                <Line key={`${run.scenario}/${run.run}`} run={run} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Line({ run }: { readonly run: RunLineAnswer }) {
  const { scenario, verdict, startedAt, tookMs, nodes, faults, profile, runtime, seed, reasons, violated, report } =
    run;
  const why = [...violated, ...reasons];
  return (
    <tr>
      <td>
        <span class={`badge ${verdict}`}>{VERDICTS[verdict]}</span>
      </td>
      <th scope="row">{cut(scenario, 64)}</th>
      <td>{dayAndTime(startedAt)}</td>
      <td class="number">{milliseconds(tookMs)}</td>
      <td>
        {counted(nodes, 'node')}, {counted(faults, 'fault')}, {cut(profile, 24)}, {runtime}, seed {cut(seed, 24)}
      </td>
      <td>
        {why.length === 0 ? (
          <span class="muted">all as expected</span>
        ) : (
          why.map((line) => <p key={line}>{cut(line, 240)}</p>)
        )}
      </td>
      <td>
        {report ? (
          <a
            href={`/api/runs/${encodeURIComponent(scenario)}/${encodeURIComponent(run.run)}/report.html`}
            target="_blank"
            rel="noopener noreferrer"
          >
            report{' '}
            <span class="hidden">
              of {scenario}, {dayAndTime(startedAt)}
            </span>
          </a>
        ) : (
          <span class="muted">none</span>
        )}
      </td>
    </tr>
  );
}
