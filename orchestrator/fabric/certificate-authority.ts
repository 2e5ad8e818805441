/**
 * The lab's own certificate authority: one P-256 key, drawn at the first start that asks for boards and kept beside the
 * passwords, and certificates signed by it for the address that boards use. Nodes trust it by its fingerprint and
 * nothing else by it (broker-socket.ts), so it needs neither a registry nor a date: certificates hold from 2020 to
 * 2049, for boards that wake up in the wrong year.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { invariant } from '../../node/protocol/invariant.ts';
import { bits, context, integer, octets, oid, sequence, setOf, TRUE, text, utcTime } from './der.ts';

export interface ServerCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM: the server's, then the authority's. */
  readonly chain: string;
}

export interface CertificateAuthority {
  /** SHA-256 of its certificate, 64 hex digits. */
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  /** For a server that is reached as `host`: an IP address or a name. */
  issue(host: string): ServerCertificate;
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const VALIDITY = sequence(utcTime('200101000000Z'), utcTime('491231235959Z'));
const CRITICAL = true;

/** Reads the authority below `directory`, drawing it when it is missing. `lab` is part of its name. */
export function openCertificateAuthority(directory: string, lab: string): CertificateAuthority {
  const keyFile = join(directory, 'authority-key.pem');
  const certificateFile = join(directory, 'authority.pem');
  if (!existsSync(certificateFile)) {
    const drawn = drawKey();
    writeFileSync(keyFile, drawn.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(certificateFile, pem(selfSigned(drawn, nameOf(lab))), { mode: 0o600 });
  }
  const key = createPrivateKey(readFileSync(keyFile));
  const certificate = readFileSync(certificateFile, 'utf8');
  const parsed = new X509Certificate(certificate);
  invariant(parsed.checkPrivateKey(key), () => `${keyFile} is the key of ${certificateFile}`);
  return {
    fingerprint: createHash('sha256').update(parsed.raw).digest('hex'),
    certificate,
    issue(host) {
      const own = drawKey();
      const signed = certificateOf({
        subject: name(host),
        issuer: name(nameOf(lab)),
        publicKey: createPublicKey(own),
        signer: key,
        extensions: [
          extension('2.5.29.19', sequence(), CRITICAL),
          // digitalSignature
          extension('2.5.29.15', bits(Buffer.from([0x80]), 7), CRITICAL),
          extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
          extension('2.5.29.17', sequence(alternativeName(host))),
          extension('2.5.29.35', sequence(context(0, keyId(parsed.publicKey), false))),
        ],
      });
      return {
        key: own.export({ type: 'pkcs8', format: 'pem' }).toString(),
        chain: pem(signed) + certificate,
      };
    },
  };
}

function selfSigned(key: KeyObject, own: string): Buffer {
  const publicKey = createPublicKey(key);
  return certificateOf({
    subject: name(own),
    issuer: name(own),
    publicKey,
    signer: key,
    extensions: [
      // An authority, of servers only and not of further authorities.
      extension('2.5.29.19', sequence(TRUE, integer(Buffer.from([0]))), CRITICAL),
      // keyCertSign
      extension('2.5.29.15', bits(Buffer.from([0x04]), 2), CRITICAL),
      extension('2.5.29.14', octets(keyId(publicKey))),
    ],
  });
}

/** RFC 5280, 4.1. */
function certificateOf(parts: {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}): Buffer {
  const version3 = context(0, integer(Buffer.from([2])), true);
  const toBeSigned = sequence(
    version3,
    integer(randomBytes(16)),
    ECDSA_WITH_SHA256,
    parts.issuer,
    VALIDITY,
    parts.subject,
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(...parts.extensions), true),
  );
  return sequence(toBeSigned, ECDSA_WITH_SHA256, bits(sign('sha256', toBeSigned, parts.signer)));
}

const drawKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
const nameOf = (lab: string): string => `Wallance Lab ${lab}`;
/** A common name of at most 64 characters. */
const name = (value: string): Buffer => sequence(setOf(sequence(oid('2.5.4.3'), text(value.slice(0, 64)))));

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
}

function keyId(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function alternativeName(host: string): Buffer {
  return isIP(host) === 0 ? context(2, Buffer.from(host), false) : context(7, addressBytes(host), false);
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The parser of URLs writes an IPv6 address in its shortest form, also where its end is written as IPv4.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(zeros).fill('0'), ...groups(tail ?? '')];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
