/** What each route answers: the lab's operations and the projection, put into the words of the contract. */
import type { z } from 'zod';
import type { Problem } from '../../node/protocol/parameters.ts';
import { shown } from '../../node/protocol/parameters.ts';
import type { LabStatus } from '../lab/lab-commands.ts';
import type { LabOperations } from '../lab/lab-operations.ts';
import type { SeatPlan } from '../lab/lab-plan.ts';
import { PROJECT_VERSION } from '../project.ts';
import { openApiDocument } from './api/openapi.ts';
import type { AnswerOf, ROUTES, RouteName } from './api/route-table.ts';
import { ApiRefusal } from './api-refusal.ts';
import { faultKinds } from './fault-kinds.ts';
import type { HandFaults } from './hand-faults.ts';
import type { KeptRuns } from './kept-runs.ts';
import { LIMITS } from './limits.ts';
import type { LiveLab } from './live-lab.ts';
import { readFault } from './read-fault.ts';

type Outputs<T> = { readonly [K in keyof T]: T[K] extends z.ZodType ? z.output<T[K]> : never };

type Part<R, P extends string> = R extends { readonly [K in P]: infer S } ? S : never;

/** What a request of this route has been read as. */
export interface InputOf<N extends RouteName> {
  readonly parameters: Outputs<Part<(typeof ROUTES)[N], 'parameters'>>;
  readonly query: Part<(typeof ROUTES)[N], 'query'> extends infer Q extends z.ZodType ? z.output<Q> : never;
  readonly body: Part<(typeof ROUTES)[N], 'body'> extends infer B extends z.ZodType ? z.output<B> : never;
}

export type JsonRoute = Exclude<RouteName, 'events' | 'report'>;

export type LabAnswers = {
  readonly [N in JsonRoute]: (input: InputOf<N>) => AnswerOf<N> | Promise<AnswerOf<N>>;
};

export interface AnswerSources {
  readonly live: LiveLab;
  readonly faults: HandFaults;
  readonly runs: KeptRuns;
  /** Throws an ApiRefusal while the lab is not ready. */
  readonly operations: () => LabOperations;
  /** Brings into the projection what only the lab knows at this moment. */
  readonly refresh: () => void;
}

export function labAnswers({ live, faults, runs, operations, refresh }: AnswerSources): LabAnswers {
  const { plan } = live;
  const { dcoinRate } = plan.parameters;
  const openapi = openApiDocument(PROJECT_VERSION) as AnswerOf<'openapi'>;
  let faultNumber = 0;
  let status: Promise<LabStatus> | null = null;

  const placeOf = (seat: string): SeatPlan => {
    const place = plan.seats.find((candidate) => candidate.seat === seat);
    if (place === undefined) throw new ApiRefusal('unknown', `there is no seat ${shown(seat)}`);
    return place;
  };
  const requireKnown = (asked: { readonly node: string; readonly service?: string }): void => {
    const problems: Problem[] = [];
    const check = (path: string, name: string | undefined, known: readonly string[]): void => {
      if (name === undefined || known.includes(name)) return;
      problems.push({ path, expected: `one of ${known.slice(0, 16).join(', ')}`, found: shown(name) });
    };
    check(
      'node',
      asked.node,
      plan.seats.map(({ node }) => node),
    );
    check(
      'service',
      asked.service,
      plan.services.map(({ name }) => name),
    );
    if (problems.length > 0) throw ApiRefusal.ofProblems(problems);
  };

  return {
    lab: () => {
      // Every node is asked for its view: once for all that ask meanwhile.
      status ??= operations()
        .status()
        .finally(() => {
          status = null;
        });
      return status;
    },
    node: ({ parameters }) => operations().view(placeOf(parameters.seat).seat),
    changeNode: ({ parameters: { seat, command } }) => operations().change(placeOf(seat).seat, command),
    wallets: () => ({ dcoinRate, seats: plan.seats.map(({ seat }) => seat), wallets: live.wallets.all() }),
    walletHistory: ({ parameters: { node } }) => {
      const history = live.wallets.history(node);
      if (history === null) throw new ApiRefusal('unknown', `there is no wallet of a node ${shown(node)}`);
      return history;
    },
    services: () => ({
      dcoinRate,
      services: plan.services.map(({ name, priceDcoins, program }) => ({
        name,
        priceDcoins,
        priceUnits: priceDcoins * dcoinRate,
        program: program.kind,
        bought: live.requests.bought(name),
      })),
    }),
    buy: ({ body: { node, service, mode } }) => {
      requireKnown({ node, service });
      return operations().order(node, service, mode);
    },
    purchases: () => {
      const { orders } = operations();
      return { purchases: [...orders.orders].map((order) => orders.result(order)) };
    },
    purchase: ({ parameters: { orderId } }) => {
      const { orders } = operations();
      const order = orders.find(orderId);
      if (order === undefined) throw new ApiRefusal('unknown', `there is no order ${shown(orderId)}, or no longer`);
      return orders.result(order);
    },
    requests: ({ query: { limit } }) => {
      refresh();
      return { requests: live.requests.latest(limit), latency: live.requests.latency() };
    },
    messages: ({ query: { limit } }) => ({
      messages: live.messages.since(0, limit).messages,
      total: live.messages.last,
    }),
    sample: ({ body: { node, ...command } }) => {
      requireKnown({ node });
      return operations().sample(node, command);
    },
    faults: () => ({ faults: faults.all() }),
    faultKinds: () => faultKinds(operations().lab.runtime ?? 'attached'),
    startFault: ({ body }) => {
      operations();
      const reading = readFault(body, {
        plan,
        quorum: live.quorum,
        byzantine: live.nodes.faulty,
        taken: faults.ids,
        number: faultNumber + 1,
      });
      if (!reading.ok) throw ApiRefusal.ofProblems(reading.problems.slice(0, LIMITS.fieldElements));
      faultNumber++;
      return faults.start(reading.fault, body);
    },
    healFault: async ({ parameters: { id } }) => {
      const fault = await faults.heal(id);
      if (fault === null) throw new ApiRefusal('unknown', `there is no fault ${shown(id)}`);
      return fault;
    },
    runs: () => runs.list(),
    run: ({ parameters: { scenario, run } }) => {
      const text = runs.file(scenario, run, 'result.json');
      if (text === null) throw new ApiRefusal('unknown', `there is no run ${shown(`${scenario}/${run}`)}`);
      return JSON.parse(text.toString('utf8')) as AnswerOf<'run'>;
    },
    down: () => operations().down(),
    openapi: () => openapi,
  };
}
