/**
 * The way in for boards: one more port on an address of this machine, with TLS beyond loopback, that leads to a broker
 * on loopback. It knows no MQTT: who may do what is the broker's business. The lab's own nodes do not pass through it.
 *
 * A port of its own, so that it can be opened once every seat has its session, closed before the nodes of this machine
 * are stopped, and found again at the same place after a restart of the lab.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { ServerCertificate } from './certificate-authority.ts';

export interface GateOptions {
  /** Address of this machine that boards reach. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Null: in the clear. */
  readonly certificate: ServerCertificate | null;
  /** `mqtt://host:port` of the broker, as this process reaches it. */
  readonly broker: string;
  readonly connectionsMax: number;
}

const HANDSHAKE_MS_MAX = 10_000;

export class Gate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Resolves when it is open. Rejects when the address is not this machine's or the port is taken. */
  static async open(options: GateOptions): Promise<Gate> {
    const { certificate, connectionsMax } = options;
    const onSocket = (socket: Socket): void => gate.#lead(socket, options.broker);
    const server =
      certificate === null
        ? createServer({ noDelay: true }, onSocket)
        : createTlsServer(
            {
              key: certificate.key,
              cert: certificate.chain,
              minVersion: 'TLSv1.3',
              handshakeTimeout: HANDSHAKE_MS_MAX,
              noDelay: true,
            },
            onSocket,
          );
    const gate = new Gate(server);
    server.maxConnections = connectionsMax;
    // Also those that do not come through the handshake.
    server.on('connection', (socket) => gate.#keep(socket));
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(options.port, options.host, () => {
        server.off('error', fail);
        done();
      });
    });
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  #lead(socket: Socket, broker: string): void {
    const { hostname, port } = new URL(broker);
    const inner = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#keep(inner);
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      // Its close follows, and takes the other one along.
      one.on('error', () => {});
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** Ends all connections. Idempotent. */
  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
