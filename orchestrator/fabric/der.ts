/** The little of DER (ITU-T X.690) that a certificate is written in. Pure; writes only. */

const tagged = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length.toString(16);
  const header =
    length < 0x80
      ? [length]
      : [0x80 + Math.ceil(size.length / 2), ...Buffer.from(size.padStart(2 * Math.ceil(size.length / 2), '0'), 'hex')];
  return Buffer.concat([Buffer.from([tag, ...header]), content]);
};

export const sequence = (...items: readonly Uint8Array[]): Buffer => tagged(0x30, ...items);
export const setOf = (...items: readonly Uint8Array[]): Buffer => tagged(0x31, ...items);
export const octets = (content: Uint8Array): Buffer => tagged(0x04, content);
export const text = (value: string): Buffer => tagged(0x0c, Buffer.from(value));
/** `YYMMDDHHMMSSZ`, years 1950..2049. */
export const utcTime = (value: string): Buffer => tagged(0x17, Buffer.from(value));
export const TRUE = tagged(0x01, Buffer.from([0xff]));

/** A number that is not negative, from its bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const shortest = bytes.subarray(from);
  return tagged(0x02, Buffer.from(shortest[0]! < 0x80 ? [] : [0]), shortest);
}

/** `unused`: bits of the last byte that do not count. */
export const bits = (content: Uint8Array, unused = 0): Buffer => tagged(0x03, Buffer.from([unused]), content);

/** Context-specific; `constructed` where it holds other values. */
export function context(number: number, content: Uint8Array, constructed: boolean): Buffer {
  return tagged(0x80 + (constructed ? 0x20 : 0) + number, content);
}

/** From its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const digits = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  };
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}
