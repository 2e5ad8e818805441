/** A TCP wire between a client and a broker that can be cut, or go silent without being cut. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface FaultyWire {
  readonly url: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Ends all connections and refuses new ones until `mend`. */
  cut(): void;
  /** Connections stay open, nothing passes in the direction of the client, until `mend`. */
  silence(): void;
  mend(): void;
  close(): void;
}

export async function faultyWire(port: number): Promise<FaultyWire> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'whole' | 'cut' | 'silent' = 'whole';
  let accepted = 0;
  const server = createServer({ noDelay: true }, (near) => {
    accepted++;
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (state !== 'silent') near.write(bytes);
    });
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        near.destroy();
        far.destroy();
        pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    state = 'cut';
    for (const [near] of pairs) near.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accepted() {
      return accepted;
    },
    cut,
    silence() {
      state = 'silent';
    },
    mend() {
      state = 'whole';
    },
    close() {
      cut();
      server.close();
    },
  };
}
