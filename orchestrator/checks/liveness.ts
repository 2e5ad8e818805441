/**
 * I16: a request of a correct requester that could pay, the only one on its State, is decided at its requester in time.
 * Requests for which the requester's record ends too early are left out, unless the run had come to rest; so are those of a
 * requester that crashed meanwhile. Why a request is stuck is stuck-request.ts's to say.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, doubtMissingLines, evidence, Findings, short, upUntil } from './fold.ts';
import { cameToRest } from './rest.ts';
import { slotOf } from './seat-record.ts';

/** L of live nodes. */
const DECIDED_WITHIN_MS = 10_000;

interface Asked {
  readonly seat: string;
  readonly line: Observation;
  readonly funded: boolean;
  decide: Observation | null;
  /** Another request on the same State. */
  rivalled: boolean;
  /** The life that asked ended then. */
  endedT: number;
}

export const liveness: BeginFold = (facts) => {
  const findings = new Findings('requests that could pay');
  const asked = new Map<string, Asked>();
  const bySlot = new Map<string, Asked>();
  const open = new Map<string, Set<Asked>>();
  const end = (seat: string, t: number): void => {
    for (const request of open.get(seat) ?? []) request.endedT = t;
    open.delete(seat);
  };
  return {
    events: ['boot', 'req.tx', 'decide'],
    hole(seat, hole) {
      if (hole === 'lines') for (const request of open.get(seat) ?? []) request.endedT = request.line.t;
      if (hole === 'lines') open.delete(seat);
    },
    take(seat, line, record) {
      if (line.event === 'boot') {
        end(seat, record.endedT);
        return;
      }
      const id = textOf(line, 'reqId');
      if (line.event === 'decide') {
        const request = asked.get(id);
        if (request?.seat !== seat) return;
        request.decide ??= line;
        open.get(seat)?.delete(request);
        return;
      }
      if (asked.has(id)) return;
      const units = record.wallet(record.node)?.units ?? 0;
      const request: Asked = {
        seat,
        line,
        funded: numberOf(line, 'price') * facts.parameters.dcoinRate <= units,
        decide: null,
        rivalled: false,
        endedT: Number.NaN,
      };
      asked.set(id, request);
      const slot = slotOf(textOf(line, 'R'), textOf(line, 'prevState'));
      const rival = bySlot.get(slot);
      if (rival === undefined) bySlot.set(slot, request);
      else {
        rival.rivalled = true;
        request.rivalled = true;
      }
      const requests = open.get(seat) ?? new Set<Asked>();
      open.set(seat, requests);
      requests.add(request);
    },
    end(seen) {
      const rested = cameToRest(seen.record);
      for (const seat of seen.seats.keys()) {
        const upAtRest = rested && seen.record.finals.has(seat);
        end(seat, upAtRest ? Number.POSITIVE_INFINITY : upUntil(seen, seat));
      }
      for (const { seat, line, funded, decide, rivalled, endedT } of asked.values()) {
        if (!funded || rivalled) continue;
        const tookMs = decide === null ? Number.POSITIVE_INFINITY : decide.t - line.t;
        if (decide === null && !(endedT - line.t >= DECIDED_WITHIN_MS)) continue;
        findings.examine();
        if (tookMs <= DECIDED_WITHIN_MS) continue;
        const when = decide === null ? 'was not decided there' : `was decided there after ${Math.round(tookMs)} ms`;
        findings.violate(`request ${short(line.reqId)} of seat ${seat} ${when}`, [
          evidence(seat, line, 'asks'),
          ...(decide === null ? [] : [evidence(seat, decide, `decides after ${Math.round(tookMs)} ms`)]),
        ]);
      }
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};
