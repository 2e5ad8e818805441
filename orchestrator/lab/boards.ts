/**
 * Seats for nodes that are started elsewhere: opens both brokers to them, and says how each is started. Where they are
 * reached is written down, so that boards find the lab again at the same place after it was stopped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { openCertificateAuthority } from '../fabric/certificate-authority.ts';
import { Gate } from '../fabric/gate.ts';
import { Failure, messageOf } from '../failure.ts';
import { openCredentials } from './credentials.ts';
import { joinCommand } from './join-command.ts';
import type { LabDirectory } from './lab-directory.ts';
import type { LabPlan } from './lab-plan.ts';
import { isLoopback } from './loopback.ts';
import { writeAtomically } from './write-atomically.ts';

/** Only what was asked for; the rest stays as it was. */
export interface RequestedBoards {
  /** Address of this machine that boards reach; absent at first: loopback alone, for containers of this machine. */
  readonly host?: string;
  readonly fabricPort?: number;
  readonly controlPort?: number;
  readonly image?: string;
}

interface BoardAccess {
  readonly host: string;
  readonly fabricPort: number;
  readonly controlPort: number;
  readonly image: string;
}

export interface ExternalSeat {
  readonly seat: string;
  readonly node: string;
  /** Starts it, for a shell; has the passwords of the seat in it. */
  readonly command: string;
}

const LOOPBACK = '127.0.0.1';
const IMAGE = 'wallance-node:arm64';
/** Beside one for each seat: a board that comes back while the broker still holds on to what it was. */
const SPARE_CONNECTIONS = 32;

export class Boards {
  readonly seats: readonly ExternalSeat[];
  readonly #gates: readonly Gate[];

  private constructor(seats: readonly ExternalSeat[], gates: readonly Gate[]) {
    this.seats = seats;
    this.#gates = gates;
  }

  /** Both URLs as this process reaches the brokers. Throws a Failure when an address or a port is not to be had. */
  static async open(
    plan: LabPlan,
    directory: LabDirectory,
    requested: RequestedBoards,
    brokers: { readonly fabricUrl: string; readonly controlUrl: string },
  ): Promise<Boards> {
    const file = join(directory.root, 'boards.json');
    const kept: Partial<BoardAccess> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    const moved = requested.host !== undefined && requested.host !== kept.host;
    const {
      host = LOOPBACK,
      image = IMAGE,
      ...ports
    } = { ...(moved ? { image: kept.image ?? IMAGE } : kept), ...requested };
    const external = plan.seats.filter((seat) => seat.external === true);
    const credentials = openCredentials(
      directory.credentials,
      plan.seats.map(({ seat }) => seat),
    );
    const encrypted = !isLoopback(host);
    const authority = encrypted ? openCertificateAuthority(directory.credentials, plan.lab) : null;
    const certificate = authority?.issue(host) ?? null;
    const gates: Gate[] = [];
    const open = async (what: string, broker: string, port: number): Promise<number> => {
      try {
        gates.push(
          await Gate.open({ host, port, certificate, broker, connectionsMax: 2 * external.length + SPARE_CONNECTIONS }),
        );
      } catch (cause) {
        throw new Failure('environment', `boards cannot reach the ${what} at ${host}:${port}: ${messageOf(cause)}`, {
          cause,
        });
      }
      return gates.at(-1)!.port;
    };
    try {
      const fabricPort = await open('fabric', brokers.fabricUrl, ports.fabricPort ?? 0);
      const controlPort = await open('control broker', brokers.controlUrl, ports.controlPort ?? 0);
      writeAtomically(file, `${JSON.stringify({ host, fabricPort, controlPort, image } satisfies BoardAccess)}\n`);
      const urlOf = (port: number): string =>
        `${encrypted ? 'mqtts' : 'mqtt'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
      const seats = external.map((seat) => ({
        seat: seat.seat,
        node: seat.node,
        command: joinCommand({
          plan,
          seat,
          image,
          fabricUrl: urlOf(fabricPort),
          controlUrl: urlOf(controlPort),
          fabricPassword: credentials.fabric.get(seat.seat)!.password,
          controlPassword: credentials.control.get(seat.seat)!.password,
          caFingerprint: authority?.fingerprint ?? null,
        }),
      }));
      return new Boards(seats, gates);
    } catch (error) {
      await Promise.all(gates.map((gate) => gate.close()));
      throw error;
    }
  }

  /** Ends their connections; boards go on trying. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#gates.map((gate) => gate.close()));
  }
}
