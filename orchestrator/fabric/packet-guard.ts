/**
 * Bounds what one connection can make the broker hold: a packet that announces more bytes than allowed ends the
 * connection before its body is read. The parser behind it would collect up to 256 MB first.
 */
import type { Socket } from 'node:net';

/**
 * Watches what is read from `socket`. `refuse` is called once, at the first packet whose remaining length exceeds
 * `remainingMax` bytes or is malformed; the bytes from there on are not passed on.
 */
export function guardPackets(socket: Socket, remainingMax: number, refuse: () => void): void {
  /** Bytes of the current packet's body still to come; -1: in its length field; -2: at its first byte. */
  let bodyLeft = -2;
  let length = 0;
  let shift = 0;
  const passes = (chunk: Buffer): boolean => {
    let at = 0;
    while (at < chunk.length) {
      if (bodyLeft >= 0) {
        const step = Math.min(bodyLeft, chunk.length - at);
        at += step;
        bodyLeft -= step;
      } else if (bodyLeft === -2) {
        at++;
        bodyLeft = -1;
        length = 0;
        shift = 0;
      } else {
        const byte = chunk[at++]!;
        length |= (byte & 0x7f) << shift;
        shift += 7;
        if (byte < 0x80) {
          if (length > remainingMax) return false;
          bodyLeft = length;
        } else if (shift > 21) return false;
      }
      if (bodyLeft === 0) bodyLeft = -2;
    }
    return true;
  };
  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || passes(chunk)) return chunk;
    socket.read = () => null;
    refuse();
    return null;
  };
}
