/** Whole nodes in this process, over a real fabric and a real control broker, with their observations in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NodeConditions } from '../../node/host/conditions.ts';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { readConfig } from '../../node/host/config.ts';
import { RunningNode } from '../../node/host/running-node.ts';
import { ControlClient } from '../../orchestrator/control/control-client.ts';
import type { Account } from '../../orchestrator/fabric/access.ts';
import { EmbeddedBroker } from '../../orchestrator/fabric/embedded-broker.ts';
import { type Observation, parseObservations } from '../../orchestrator/history/observation.ts';
import { eventually, within } from './waiting.ts';

const LAB = 'real';
const LAB_ACCOUNT: Account = { seat: 'lab', identity: 'lab', password: 'password of the lab', role: 'lab' };

export interface RealSeat {
  readonly seat: string;
  /** Default: as the seat. */
  readonly node?: string;
  /** What differs from normal, from the start on. */
  readonly conditions?: Partial<NodeConditions>;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RealNodes {
  readonly control: ControlClient;
  readonly fabric: EmbeddedBroker;
  readonly nodes: ReadonlyMap<string, RunningNode>;
  /** Lines of a seat so far, as the lab heard them. */
  lines(seat: string, event?: string): Observation[];
  /** The first line of a seat that `accepts` takes. */
  whenLine(seat: string, event: string, accepts?: (line: Observation) => boolean): Promise<Observation>;
}

/** Starts all seats, and waits until they are ready. Members: the nodes of the seats. */
export async function realNodes(t: TestContext, seats: readonly RealSeat[]): Promise<RealNodes> {
  const members = [...new Set(seats.map(({ seat, node = seat }) => node))];
  const accounts = [
    ...seats.map(({ seat, node = seat }): Account => ({ seat, identity: node, password: `of ${seat}`, role: 'node' })),
    LAB_ACCOUNT,
  ];
  const fabric = new EmbeddedBroker({ kind: 'fabric', lab: LAB, accounts });
  const controlBroker = new EmbeddedBroker({ kind: 'control', lab: LAB, accounts });
  for (const broker of [fabric, controlBroker]) {
    await broker.start();
    t.after(() => broker.stop());
  }
  const observed = new Map<string, Observation[]>(seats.map(({ seat }) => [seat, []]));
  const control = new ControlClient({
    url: `mqtt://127.0.0.1:${controlBroker.port}`,
    lab: LAB,
    username: 'lab',
    password: LAB_ACCOUNT.password,
    onObservations: (seat, text) => observed.get(seat)!.push(...parseObservations(text.split('\n')).observations),
  });
  t.after(() => control.close());
  await control.open();
  const nodes = new Map<string, RunningNode>();
  for (const { seat, node = seat, conditions = {}, environment = {} } of seats) {
    const directory = mkdtempSync(join(tmpdir(), 'wallance-node-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const result = readConfig({
      WALLANCE_NODE: node,
      WALLANCE_SEAT: seat,
      WALLANCE_LAB: LAB,
      WALLANCE_MEMBERS: members.join(','),
      WALLANCE_FABRIC_URL: `mqtt://127.0.0.1:${fabric.port}`,
      WALLANCE_FABRIC_PASSWORD: `of ${seat}`,
      WALLANCE_CONTROL_URL: `mqtt://127.0.0.1:${controlBroker.port}`,
      WALLANCE_CONTROL_PASSWORD: `of ${seat}`,
      WALLANCE_DATA_DIR: directory,
      WALLANCE_SENSORS: 'none',
      WALLANCE_CONDITIONS: JSON.stringify({ ...NORMAL_CONDITIONS, ...conditions }),
      ...environment,
    });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const fail = (error: unknown): never => {
      throw error;
    };
    const running = new RunningNode({ config: result.config, print: () => {}, warn: () => {}, onFatal: fail });
    t.after(() => running.stop());
    nodes.set(seat, running);
  }
  await within(Promise.all([...nodes.values()].map((node) => node.start())), 'all nodes being ready');
  for (const { seat } of seats) await control.whenStatus(seat, ({ state }) => state === 'ready', 10_000);

  const lines = (seat: string, event?: string): Observation[] =>
    observed.get(seat)!.filter((line) => event === undefined || line.event === event);
  return {
    control,
    fabric,
    nodes,
    lines,
    whenLine: (seat, event, accepts = () => true) =>
      eventually(() => lines(seat, event).find(accepts), `a line ${event} of ${seat}`),
  };
}
