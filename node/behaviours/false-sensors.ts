/** Sensor data that no sensor gave: one's own in masses, or in the names of wallets that nobody has heard of. */
import type { SensorTransaction } from '../protocol/message.ts';
import { type Conduct, type ConductContext, every, publication } from './conduct.ts';

/** Most wake-ups a second; what is sent at one of them is as much as is due. */
const TICKS_PER_SECOND_MAX = 50;
const TOPIC = 'virtual';

/** Calls `send` with how many are due, `perSecond` altogether, evenly spread over wake-ups. */
export function atRate(context: ConductContext, perSecond: number, send: (count: number) => void): void {
  const ticks = Math.min(perSecond, TICKS_PER_SECOND_MAX);
  let due = 0;
  every(context, Math.round(1000 / ticks), () => {
    due += perSecond / ticks;
    const count = Math.floor(due + 1e-9);
    due -= count;
    if (count > 0) send(count);
  });
}

function sensorStream(context: ConductContext, publisher: string): () => SensorTransaction {
  const stream = context.prng.uint32();
  let sequence = 0;
  return () => ({
    kind: 'sensor',
    publisher,
    topic: TOPIC,
    value: sequence,
    position: { stream, sequence: sequence++ },
  });
}

/** F23: valid sensor transactions of its own, each worth a unit, in a stream beside that of its sensors. */
export function sensorSpam(context: ConductContext, perSecond: number): Conduct {
  return {
    begins() {
      const next = sensorStream(context, context.self);
      atRate(context, perSecond, (count) => {
        context.deviated('sensor spam', null, `${count} sensor transactions`);
        for (let i = 0; i < count; i++) context.emit(publication(next()));
      });
    },
  };
}

/** F22: one sensor transaction for each of `count` invented wallets, at once and then every `everyMs`. */
export function sybilWallets(context: ConductContext, count: number, everyMs: number): Conduct {
  return {
    begins() {
      const names = new Set<string>();
      // Eight characters at most: they fit the narrowest wire.
      while (names.size < count) {
        const name = `x${context.prng.uint32().toString(36)}`;
        if (!context.members.includes(name)) names.add(name);
      }
      const streams = [...names].map((name) => sensorStream(context, name));
      const share = (): void => {
        context.deviated('Sybil wallets', null, `${[...names].slice(0, 4).join(', ')}${count > 4 ? ', ...' : ''}`);
        for (const next of streams) context.emit(publication(next()));
      };
      share();
      every(context, everyMs, share);
    },
  };
}
