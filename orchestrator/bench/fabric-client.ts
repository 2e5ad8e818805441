/** Program: one of the nodes of fabric.ts, a transport without a ledger behind it. Steered over IPC. */
import { MqttTransport, type MqttTransportOptions } from '../../node/host/mqtt-transport.ts';

export type ToClient =
  | {
      readonly kind: 'connect';
      readonly options: MqttTransportOptions;
      readonly members: number;
      readonly index: number;
    }
  /** Publish `count` payloads, `window` of them unacknowledged at a time, and count until `expected` were delivered. */
  | { readonly kind: 'flood'; readonly count: number; readonly window: number; readonly expected: number }
  /** Take part in rounds 0 .. `count` - 1; the members open them in turn, each when the one before is complete with it. */
  | { readonly kind: 'rounds'; readonly count: number }
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' };

export type FromClient =
  | { readonly kind: 'ready' }
  /** `opened` and `completed`: CLOCK_MONOTONIC in milliseconds by round; opened only where this member opened it. */
  | { readonly kind: 'done'; readonly cpuMs: number; readonly opened: (number | null)[]; readonly completed: number[] };

const VOTE_BYTES = 144;
const REQUEST_BYTES = 108;

/** All processes of a host share this clock. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let transport: MqttTransport | null = null;
let members = 0;
let index = 0;
let handle: (payload: Uint8Array) => void = () => {};
let begin: () => void = () => {};
let cpuBefore = 0;

function tell(message: FromClient): void {
  process.send?.(message);
}

function publish(bytes: number, round: number): Promise<void> {
  const payload = Buffer.alloc(bytes);
  payload.writeUInt32BE(round);
  return transport!.publish('consensus', payload);
}

function flood(count: number, window: number, expected: number): void {
  let delivered = 0;
  let sent = 0;
  const next = (): void => {
    if (sent === count) return;
    sent++;
    void publish(VOTE_BYTES, 0).then(next);
  };
  handle = () => {
    if (++delivered === expected) tell({ kind: 'done', cpuMs: cpuMs() - cpuBefore, opened: [], completed: [] });
  };
  begin = () => {
    for (let i = 0; i < window; i++) next();
  };
}

/** A round is a request to all and, from each that hears it, a vote to all; it is complete with the last vote. */
function rounds(count: number): void {
  const votes = new Map<number, number>();
  const opened: (number | null)[] = new Array(count).fill(null);
  const completed: number[] = [];
  const open = (round: number): void => {
    opened[round] = monotonicMs();
    void publish(REQUEST_BYTES, round);
  };
  handle = (payload) => {
    const round = Buffer.from(payload.buffer, payload.byteOffset, 4).readUInt32BE();
    if (payload.length === REQUEST_BYTES) {
      void publish(VOTE_BYTES, round);
      return;
    }
    const sum = (votes.get(round) ?? 0) + 1;
    votes.set(round, sum);
    if (sum < members) return;
    votes.delete(round);
    completed[round] = monotonicMs();
    if (completed.length === count) tell({ kind: 'done', cpuMs: cpuMs() - cpuBefore, opened, completed });
    else if ((round + 1) % members === index) open(round + 1);
  };
  begin = () => {
    if (index === 0) open(0);
  };
}

process.on('message', (message: ToClient) => {
  if (message.kind === 'connect') {
    ({ members, index } = message);
    transport = new MqttTransport(message.options);
    void transport.attach(({ payload }) => handle(payload)).then(() => tell({ kind: 'ready' }));
  } else if (message.kind === 'begin') {
    cpuBefore = cpuMs();
    begin();
  } else if (message.kind === 'end') {
    void transport?.close().then(() => process.disconnect());
  } else {
    if (message.kind === 'flood') flood(message.count, message.window, message.expected);
    else rounds(message.count);
    tell({ kind: 'ready' });
  }
});
process.on('disconnect', () => void transport?.close());
