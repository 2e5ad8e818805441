/**
 * Tape archives as a container engine takes and gives them: files of a few directories, short names. Written in memory,
 * read as a stream. Links, devices and what a name outside of the directory would reach are left out.
 */
import { once } from 'node:events';
import { createWriteStream, mkdirSync, renameSync, rmSync, type WriteStream } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

const BLOCK = 512;

export interface TarEntry {
  /** Relative, at most 100 bytes; one that ends with a slash is a directory. */
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
}

/** An archive of `entries`, directories before what is in them. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { name, content, mode, uid } of entries) {
    const header = Buffer.alloc(BLOCK);
    const octal = (value: number, length: number): string => value.toString(8).padStart(length - 1, '0');
    header.write(name, 0, 100);
    header.write(octal(mode, 8), 100);
    header.write(octal(uid, 8), 108);
    header.write(octal(uid, 8), 116);
    header.write(octal(content.length, 12), 124);
    header.write(octal(0, 12), 136);
    header.write('        ', 148);
    header.write(name.endsWith('/') ? '5' : '0', 156);
    header.write('ustar\u000000', 257);
    let sum = 0;
    for (const byte of header) sum += byte;
    header.write(`${octal(sum, 7)}\u0000 `, 148);
    blocks.push(header, content, Buffer.alloc(padding(content.length)));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/**
 * Writes the regular files of an archive below `directory`, its topmost folder left out, each complete or not at all.
 * Throws when the archive ends in the midst of a file.
 */
export async function extractTar(archive: Readable, directory: string): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let file: { readonly path: string; readonly stream: WriteStream } | null = null;
  let left = 0;
  let skipped = 0;
  try {
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (;;) {
        if (left > 0) {
          const part = rest.subarray(0, left);
          if (part.length === 0) break;
          rest = rest.subarray(part.length);
          left -= part.length;
          if (file?.stream.write(part) === false) await once(file.stream, 'drain');
          if (left > 0) break;
        }
        if (file !== null) {
          file.stream.end();
          await finished(file.stream);
          renameSync(`${file.path}.new`, file.path);
          file = null;
        }
        if (skipped > 0) {
          const part = Math.min(skipped, rest.length);
          rest = rest.subarray(part);
          skipped -= part;
          if (skipped > 0) break;
        }
        if (rest.length < BLOCK) break;
        const header = rest.subarray(0, BLOCK);
        rest = rest.subarray(BLOCK);
        if (header[0] === 0) continue;
        left = Number.parseInt(text(header, 124, 12), 8);
        if (!Number.isSafeInteger(left)) throw new Error(`an archive with a size of ${text(header, 124, 12)}`);
        skipped = padding(left);
        const path = pathBelow(directory, header);
        if (path !== null && left >= 0) {
          mkdirSync(dirname(path), { recursive: true });
          file = { path, stream: createWriteStream(`${path}.new`, { mode: 0o600 }) };
        }
      }
    }
    if (file !== null || left > 0) throw new Error('the archive ends in the midst of a file');
  } finally {
    if (file !== null) {
      file.stream.destroy();
      rmSync(`${file.path}.new`, { force: true });
    }
  }
}

/** Null for what is no regular file or not below `directory`. */
function pathBelow(directory: string, header: Buffer): string | null {
  if (!['0', '\u0000'].includes(String.fromCharCode(header[156]!))) return null;
  const prefix = text(header, 345, 155);
  const name = normalize(prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`);
  const inside = name.split('/').slice(1);
  return inside.length === 0 || inside.includes('..') ? null : join(directory, ...inside);
}

function text(header: Buffer, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return field
    .subarray(0, end < 0 ? length : end)
    .toString('utf8')
    .trim();
}

function padding(length: number): number {
  return (BLOCK - (length % BLOCK)) % BLOCK;
}
