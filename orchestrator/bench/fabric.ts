/**
 * What the fabric alone costs: eight processes with a transport each and no ledger behind it, on an embedded broker in
 * its own process, QoS 1, a session per seat, payloads of a vote's 144 bytes.
 *
 * Two loads. A flood: everybody publishes as fast as acknowledgements come; it tells what a delivery costs. Rounds: one
 * request to all, then a vote of each to all (72 deliveries), the next round opened by the next member as soon as it has
 * all votes; it is what a decision costs without hashing and storing, and so the floor under the lab's latency.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Account } from '../fabric/access.ts';
import { BrokerProcess } from '../fabric/broker-process.ts';
import { MosquittoBroker } from '../fabric/mosquitto-broker.ts';
import type { RunningBroker } from '../fabric/running-broker.ts';
import { distributionOf, median } from '../history/distribution.ts';
import type { Figure } from './codec.ts';
import type { FromClient, ToClient } from './fabric-client.ts';

const MEMBERS = 8;
const RUNS = 3;
const LAB = 'bench';
const FLOOD_PUBLISHES = 1500;
const FLOOD_WINDOW = 20;
const ROUNDS = 400;
/** Left out of the distributions: code is still being compiled, buffers are growing. */
const WARM_UP_ROUNDS = 50;

const CLIENT_PROGRAM = fileURLToPath(
  new URL(`./fabric-client${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

interface Flood {
  readonly deliveriesPerSecond: number;
  readonly brokerUs: number;
  readonly clientUs: number;
}

interface Rounds {
  readonly perSecond: number;
  readonly requesterMs: number;
  readonly allMs: number;
  readonly allMsP95: number;
  readonly brokerMs: number;
}

/** Figures of the embedded broker; takes about ten seconds. */
export async function benchFabric(): Promise<Figure[]> {
  const broker = await BrokerProcess.start({ kind: 'fabric', lab: LAB, accounts: accounts() });
  try {
    return await measure('fabric', broker, async () => (await broker.stats()).cpuMs);
  } finally {
    await broker.stop();
  }
}

/** The same with mosquitto, for comparison. Rejects with BrokerError `not-installed` where there is none. */
export async function benchMosquitto(): Promise<Figure[]> {
  const broker = await MosquittoBroker.start({ lab: LAB, accounts: accounts() });
  try {
    return await measure('fabric, mosquitto', broker, null);
  } finally {
    await broker.stop();
  }
}

function accounts(): Account[] {
  return Array.from({ length: MEMBERS }, (_, i) => ({
    seat: `n${i}`,
    identity: `n${i}`,
    password: `n${i}`,
    role: 'node',
  }));
}

/** `brokerCpuMs`: CPU time of the broker's process so far; null where it cannot be asked. */
async function measure(
  name: string,
  broker: RunningBroker,
  brokerCpuMs: (() => Promise<number>) | null,
): Promise<Figure[]> {
  const clients = accounts().map(() => fork(CLIENT_PROGRAM, [], { env: {}, execArgv: [] }));
  try {
    await tellAll(clients, (index) => ({
      kind: 'connect',
      options: { url: broker.url, lab: LAB, seat: `n${index}`, node: `n${index}`, password: `n${index}` },
      members: MEMBERS,
      index,
    }));
    const cpu = brokerCpuMs ?? (async () => Number.NaN);
    const floods: Flood[] = [];
    const rounds: Rounds[] = [];
    // The first is not counted: it is slower by half.
    for (let run = 0; run <= RUNS; run++) {
      floods.push(await flood(clients, cpu));
      rounds.push(await roundsOf(clients, cpu));
    }
    floods.shift();
    rounds.shift();
    const of = <T>(runs: readonly T[], value: (run: T) => number): number => round(median(runs.map(value)));
    const figures: Figure[] = [
      {
        name: `${name}: deliveries, 8 processes, QoS 1, flood`,
        value: of(floods, (run) => run.deliveriesPerSecond),
        unit: '1/s',
      },
      { name: `${name}: CPU of the broker a delivery`, value: of(floods, (run) => run.brokerUs), unit: 'us' },
      { name: `${name}: CPU of the receiver a delivery`, value: of(floods, (run) => run.clientUs), unit: 'us' },
      {
        name: `${name}: rounds of a request and 8 votes`,
        value: of(rounds, (run) => run.perSecond),
        unit: '1/s',
        target: '>= 150',
      },
      {
        name: `${name}: round, complete at the requester, p50`,
        value: of(rounds, (run) => run.requesterMs),
        unit: 'ms',
      },
      {
        name: `${name}: round, complete at all, p50`,
        value: of(rounds, (run) => run.allMs),
        unit: 'ms',
        target: '<= 8',
      },
      { name: `${name}: round, complete at all, p95`, value: of(rounds, (run) => run.allMsP95), unit: 'ms' },
      { name: `${name}: CPU of the broker a round`, value: of(rounds, (run) => run.brokerMs), unit: 'ms' },
    ];
    return figures.filter((figure) => !Number.isNaN(figure.value));
  } finally {
    for (const client of clients) if (client.connected) client.send({ kind: 'end' } satisfies ToClient);
  }
}

async function flood(clients: readonly ChildProcess[], brokerCpuMs: () => Promise<number>): Promise<Flood> {
  const expected = FLOOD_PUBLISHES * MEMBERS;
  await tellAll(clients, () => ({ kind: 'flood', count: FLOOD_PUBLISHES, window: FLOOD_WINDOW, expected }));
  const cpuBefore = await brokerCpuMs();
  const began = performance.now();
  const done = await tellAll(clients, () => ({ kind: 'begin' }));
  const tookMs = performance.now() - began;
  const cpuMs = (await brokerCpuMs()) - cpuBefore;
  const deliveries = expected * MEMBERS;
  return {
    deliveriesPerSecond: (deliveries / tookMs) * 1000,
    brokerUs: (cpuMs / deliveries) * 1000,
    clientUs: (done.reduce((sum, client) => sum + client.cpuMs, 0) / deliveries) * 1000,
  };
}

async function roundsOf(clients: readonly ChildProcess[], brokerCpuMs: () => Promise<number>): Promise<Rounds> {
  await tellAll(clients, () => ({ kind: 'rounds', count: ROUNDS }));
  const cpuBefore = await brokerCpuMs();
  const done = await tellAll(clients, () => ({ kind: 'begin' }));
  const cpuMs = (await brokerCpuMs()) - cpuBefore;
  const requester: number[] = [];
  const all: number[] = [];
  for (let number = WARM_UP_ROUNDS; number < ROUNDS; number++) {
    const opener = done[number % MEMBERS]!;
    const opened = opener.opened[number]!;
    requester.push(opener.completed[number]! - opened);
    all.push(Math.max(...done.map((client) => client.completed[number]!)) - opened);
  }
  const first = done[WARM_UP_ROUNDS % MEMBERS]!.opened[WARM_UP_ROUNDS]!;
  const last = Math.max(...done.map((client) => client.completed[ROUNDS - 1]!));
  return {
    perSecond: ((ROUNDS - WARM_UP_ROUNDS) / (last - first)) * 1000,
    requesterMs: median(requester),
    allMs: median(all),
    allMsP95: distributionOf(all)?.p95 ?? Number.NaN,
    brokerMs: cpuMs / ROUNDS,
  };
}

type Done = Extract<FromClient, { kind: 'done' }>;

/** Says something to every client and resolves with their answers, in the same order. */
function tellAll(clients: readonly ChildProcess[], message: (index: number) => ToClient): Promise<Done[]> {
  return Promise.all(
    clients.map(
      (client, index) =>
        new Promise<Done>((resolve, reject) => {
          const ended = (): void => reject(new Error(`client ${index} of the fabric's measurement has ended`));
          client.once('exit', ended);
          client.once('message', (answer: Done) => {
            client.off('exit', ended);
            resolve(answer);
          });
          client.send(message(index));
        }),
    ),
  );
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
