/**
 * Many small writes of one turn of the event loop, one system call. An MQTT packet is five to seven writes, and a
 * burst of deliveries is answered by as many acknowledgements; mqtt-packet flushes after each packet, which costs a
 * system call here and a wake-up at the other end every time.
 */
import { Socket } from 'node:net';

/**
 * From now on what is written to `socket` leaves together: at the end of this turn of the event loop, or when the
 * returned function is called. A writer's own cork and uncork no longer flush.
 */
export function gatherWrites(socket: Socket): () => void {
  let held = false;
  const release = (): void => {
    if (!held) return;
    held = false;
    Socket.prototype.uncork.call(socket);
  };
  socket.cork = () => {
    if (held) return;
    held = true;
    Socket.prototype.cork.call(socket);
    setImmediate(release);
  };
  socket.uncork = () => {};
  return release;
}
