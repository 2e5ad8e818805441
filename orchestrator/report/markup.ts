/**
 * Text of outsiders inside HTML, SVG and XML. Ids, services, reasons and payloads of a run are hostile: they may hold
 * markup, control characters that XML forbids, and characters that turn the direction of what is read around them.
 */

/** C0 and C1 controls but tab and line feed, lone surrogates, bidirectional controls, noncharacters. */
const UNSHOWABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** With everything that cannot be shown written as `\uXXXX`. */
export function visible(text: string): string {
  return text.replace(UNSHOWABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `visible`, on one line. */
export function onOneLine(text: string): string {
  return visible(text.replace(/[\t\r\n\u2028\u2029]+/g, ' '));
}

/** For element content and quoted attributes of HTML, SVG and XML alike. */
export function escaped(text: string): string {
  return visible(text).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** At most `length` characters, the last an ellipsis where something was cut; never half a character. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, Math.max(0, length - 1)).join('')}\u2026`;
}
