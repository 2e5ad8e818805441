/** The lines of a text file, a piece of it in memory at a time. */
import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1 << 20;
const LINE_FEED = 0x0a;

/** Lines of a file of any size, a piece of it in memory at a time. Empty ones are left out. */
export function* linesOf(file: string): Generator<string> {
  const fd = openSync(file, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      const end = chunk.lastIndexOf(LINE_FEED, read - 1);
      if (end < 0 || end >= read) {
        rest = Buffer.concat([rest, chunk.subarray(0, read)]);
        continue;
      }
      // Decoded up to a line's end, so that no character is torn.
      const text = Buffer.concat([rest, chunk.subarray(0, end)]).toString('utf8');
      rest = Buffer.from(chunk.subarray(end + 1, read));
      for (const line of text.split('\n')) if (line !== '') yield line;
    }
    const last = rest.toString('utf8');
    if (last !== '') yield last;
  } finally {
    closeSync(fd);
  }
}
