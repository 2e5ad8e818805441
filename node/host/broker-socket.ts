/**
 * The socket to a broker: plain for `mqtt://`, TLS 1.3 for `mqtts://`. With a fingerprint the certificate authority that
 * has it is trusted and no other; without one, those of the system are.
 *
 * What is written waits until the broker has shown who it is, so that no password goes to anybody else. Dates are not
 * looked at where a fingerprint is given: it says exactly which authority is meant, and a board without a clock
 * starts in another year.
 */
import { connect as connectPlain, isIP, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };
/** A plain node does without it: a millisecond and half a megabyte. */
const tls = (): typeof import('node:tls') => process.getBuiltinModule('node:tls');

/** `caFingerprint`: SHA-256 of the authority's certificate, 64 hex digits in lower case. */
export function connectBroker(url: string, caFingerprint: string | null): Socket {
  const { protocol, hostname, port } = new URL(url);
  // An IPv6 address stands in brackets there.
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = { host, port: Number(port === '' ? DEFAULT_PORTS[protocol] : port) };
  if (protocol !== 'mqtts:') return connectPlain({ ...address, noDelay: true });
  const socket = tls().connect({
    ...address,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.3',
    rejectUnauthorized: caFingerprint === null,
  });
  socket.setNoDelay(true);
  Socket.prototype.cork.call(socket);
  socket.once('secureConnect', () => {
    const reason = caFingerprint === null ? null : distrust(socket, host, caFingerprint);
    if (reason === null) Socket.prototype.uncork.call(socket);
    else socket.destroy(new Error(`${url} is not trusted: ${reason}`));
  });
  return socket;
}

/** Why the peer is not the one that is meant; null when it is. The handshake has shown that it holds its key. */
function distrust(socket: TLSSocket, host: string, caFingerprint: string): string | null {
  const own = socket.getPeerX509Certificate();
  const authority = own?.issuerCertificate;
  if (own === undefined || authority === undefined) return 'it shows no certificate of an authority';
  const found = authority.fingerprint256.replaceAll(':', '').toLowerCase();
  if (found !== caFingerprint) return `its authority has fingerprint ${found}, expected ${caFingerprint}`;
  if (!authority.ca || !own.checkIssued(authority) || !own.verify(authority.publicKey))
    return 'its certificate is not signed by the authority that it shows';
  const named = isIP(host) === 0 ? own.checkHost(host) : own.checkIP(host);
  return named === undefined ? `its certificate is not for ${host}, but for ${own.subjectAltName}` : null;
}
