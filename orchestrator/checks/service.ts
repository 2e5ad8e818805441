/**
 * I10, I11 and I12: a purchased service starts only at its buyer and after the buyer's own node has the decision, at most
 * once over all lives, and it ends where the buyer's node stayed up long enough. The key of a run is the State that its
 * decision led to.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { type BeginFold, doubtMissingLines, evidence, Findings, short, upUntil } from './fold.ts';
import { type Hole, slotOf } from './seat-record.ts';

/** A node that stayed up for so long after its decision, or as long as its service may take, must have served it. */
const SERVED_WITHIN_MS = 10_000;
const SERVICE_SPARE_MS = 1000;

/** I10. */
export const serviceAfterDecision: BeginFold = (facts) => {
  const findings = new Findings('starts of services');
  /** By seat: the decisions on the node's own requests. */
  const own = new Map<string, Set<string>>();
  return {
    events: ['decide', 'svc.start'],
    take(seat, line, { node, worstHole }) {
      const decided = own.get(seat) ?? new Set<string>();
      own.set(seat, decided);
      if (line.event === 'decide') {
        if (textOf(line, 'R') === node) decided.add(textOf(line, 'reqId'));
        return;
      }
      if (decided.has(textOf(line, 'reqId'))) {
        findings.examine();
      } else if (worstHole !== null) {
        findings.doubt(`the decision before a service may be missing in the record of seat ${seat}`);
      } else {
        findings.examine();
        findings.violate(
          `seat ${seat} started ${textOf(line, 'service')} for request ${short(line.reqId)}, which it had not decided as its own`,
          [evidence(seat, line, 'starts without a decision')],
        );
      }
    },
    end(seen) {
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};

/** I11. */
export const serviceOnce: BeginFold = (facts) => {
  const findings = new Findings('starts of services');
  const started = new Map<string, Observation>();
  return {
    events: ['svc.start'],
    take(seat, line) {
      findings.examine();
      const run = slotOf(seat, textOf(line, 'key'));
      const first = started.get(run);
      if (first === undefined) {
        started.set(run, line);
        return;
      }
      findings.violate(`seat ${seat} started ${textOf(line, 'service')} twice for State ${short(line.key)}`, [
        evidence(seat, first, 'starts it'),
        evidence(seat, line, 'starts it again'),
      ]);
    },
    end(seen) {
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};

interface Due {
  readonly seat: string;
  readonly decide: Observation;
  /** Last line of the life that decided. */
  lastT: number;
  ended: Observation | null;
}

/** I12. */
export const serviceServed: BeginFold = (facts) => {
  const findings = new Findings('decided purchases whose node stayed up');
  const due = new Map<string, Due>();
  const waiting = new Map<string, Set<Due>>();
  const endLife = (seat: string, lastT: number): void => {
    for (const purchase of waiting.get(seat) ?? []) purchase.lastT = lastT;
    waiting.delete(seat);
  };
  return {
    events: ['boot', 'decide', 'svc.end'],
    hole(seat, hole: Hole) {
      // With lines missing, an end may be among them: what was due before is not asked for.
      if (hole === 'lines') for (const purchase of waiting.get(seat) ?? []) purchase.lastT = purchase.decide.t;
      if (hole === 'lines') waiting.delete(seat);
    },
    take(seat, line, record) {
      if (line.event === 'boot') {
        endLife(seat, record.endedT);
      } else if (line.event === 'decide') {
        if (textOf(line, 'R') !== record.node) return;
        const purchase: Due = { seat, decide: line, lastT: Number.NaN, ended: null };
        due.set(slotOf(seat, textOf(line, 'newState')), purchase);
        const open = waiting.get(seat) ?? new Set<Due>();
        waiting.set(seat, open);
        open.add(purchase);
      } else {
        const purchase = due.get(slotOf(seat, textOf(line, 'key')));
        if (purchase === undefined) return;
        if (purchase.ended !== null) {
          findings.violate(`seat ${seat} served ${textOf(line, 'service')} twice for State ${short(line.key)}`, [
            evidence(seat, purchase.ended, 'its end'),
            evidence(seat, line, 'its end again'),
          ]);
        }
        purchase.ended = line;
        waiting.get(seat)?.delete(purchase);
      }
    },
    end(seen) {
      for (const seat of seen.seats.keys()) endLife(seat, upUntil(seen, seat));
      for (const { seat, decide, lastT: until, ended } of due.values()) {
        if (ended !== null) {
          findings.examine();
          continue;
        }
        const service = textOf(decide, 'service');
        const msMax = Math.max(SERVED_WITHIN_MS, (facts.serviceMsMax.get(service) ?? 0) + SERVICE_SPARE_MS);
        const stayedMs = until - numberOf(decide, 't');
        if (!(stayedMs >= msMax)) continue;
        findings.examine();
        const last = seen.seats.get(seat)?.last;
        findings.violate(
          `seat ${seat} decided its purchase of ${service} and has not served it after ${Math.round(stayedMs)} ms`,
          [
            evidence(seat, decide, 'its purchase is decided'),
            ...(last === undefined || last === null ? [] : [evidence(seat, last, 'its last line')]),
          ],
        );
      }
      doubtMissingLines(findings, facts, seen);
      return findings.outcome();
    },
  };
};
