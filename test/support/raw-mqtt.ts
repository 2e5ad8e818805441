/** An MQTT 3.1.1 client made of bytes, for what a well-behaved library does not do: stop reading, lie about lengths. */
import { connect, type Socket } from 'node:net';
import { within } from './waiting.ts';

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

/** First byte, remaining length, body. */
export function packet(first: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

export function publishPacket(topic: string, payload: Buffer, id: number): Buffer {
  return packet(0x32, Buffer.concat([text(topic), Buffer.from([id >> 8, id & 0xff]), payload]));
}

export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #look: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#look();
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Everything received so far. */
  get received(): Buffer {
    return this.#received;
  }

  async whenReceived(byteCount: number): Promise<Buffer> {
    await within(
      new Promise<void>((resolve) => {
        this.#look = () => {
          if (this.#received.length >= byteCount) resolve();
        };
        this.#look();
      }),
      `${byteCount} bytes from the broker`,
    );
    return this.#received;
  }

  /** Connects with a session that stays, without keepalive; resolves with the return code of the answer. */
  async login(clientId: string, username: string, password: string): Promise<number> {
    const flags = 0x80 | 0x40;
    const body = Buffer.concat([
      text('MQTT'),
      Buffer.from([4, flags, 0, 0]),
      text(clientId),
      text(username),
      text(password),
    ]);
    this.send(packet(0x10, body));
    const answer = await this.whenReceived(4);
    return answer[3]!;
  }

  /** Resolves with the granted QoS, 128 for a refusal. Must follow the login at once. */
  async subscribe(filter: string, qos: number): Promise<number> {
    const before = this.#received.length;
    this.send(packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([qos])])));
    const answer = await this.whenReceived(before + 5);
    return answer[before + 4]!;
  }
}
