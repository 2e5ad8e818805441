/**
 * Bounds of a message's fields that hold in every codec: what an id, a service's or topic's name and an integer may be.
 * Widths differ by lab (`idBytes`), bounds of the time by profile. Source.
 */
import { INT32_MAX, INT32_MIN } from './message.ts';
import { utf8Bytes } from './utf8.ts';

const ID = /^[A-Za-z0-9-]+$/;

/** A node id of 1 to `idBytes` of `[A-Za-z0-9-]`. */
export function isId(text: string, idBytes: number): boolean {
  return text.length <= idBytes && ID.test(text);
}

/** A service's or topic's name: well-formed, without NUL, 1 to `idBytes` bytes of UTF-8. */
export function isName(text: string, idBytes: number): boolean {
  if (text.length === 0 || text.length > idBytes || text.includes('\0')) return false;
  const size = utf8Bytes(text);
  return size !== null && size <= idBytes;
}

/** An integer of `min`..`max`, both within int32. */
export function isInt32(value: number, min = INT32_MIN, max = INT32_MAX): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

export function expectedId(idBytes: number): string {
  return `an id of 1..${idBytes} of [A-Za-z0-9-]`;
}

export function expectedName(idBytes: number): string {
  return `1..${idBytes} bytes of UTF-8 without NUL`;
}
