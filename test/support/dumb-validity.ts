/**
 * Which bytes are a valid message, said a second time and slowly: whole-buffer conversions, regular expressions,
 * BigInt and node's own SHA-256; nothing of node/protocol. It exists to disagree with decoder and checks.
 * Source.
 */
import { createHash } from 'node:crypto';

export interface DumbRules {
  readonly wire: 'compact' | 'text';
  readonly idBytes: number;
  /** Null: anybody takes part. */
  readonly members: readonly string[] | null;
  /** The body must name the sender. */
  readonly senderChecked: boolean;
  readonly unitsMin: bigint;
  readonly timeMin: bigint;
  readonly prices: Readonly<Record<string, bigint>>;
  readonly print: 'units' | 'dcoins' | 'decimal';
  readonly upperCase: boolean;
}

const RATE = 5n;
const MAX = 2n ** 31n - 1n;
const MIN = -(2n ** 31n);

interface Fields {
  /** Null in a request. */
  voter: string | null;
  requester: string;
  service: string;
  price: bigint;
  time: bigint;
  state: string;
  nonce: bigint;
  units: bigint | null;
}

export function isValid(rules: DumbRules, message: Uint8Array, channel: string, sender: string | null): boolean {
  const bytes = Buffer.from(message);
  if (bytes.length > 4096) return false;
  if (channel === 'sensor') {
    const publisher = rules.wire === 'compact' ? compactSensor(rules, bytes) : textSensor(rules, bytes);
    return publisher !== null && isMember(rules, publisher) && (!rules.senderChecked || publisher === sender);
  }
  const fields = rules.wire === 'compact' ? compactFields(rules, bytes) : textFields(rules, bytes);
  return fields !== null && isPurchase(rules, fields, sender);
}

function isPurchase(rules: DumbRules, fields: Fields, sender: string | null): boolean {
  const { voter, requester, service, price, time, state, nonce, units } = fields;
  const speaker = voter ?? requester;
  if (price < 0n || price > MAX || nonce < 0n || nonce > MAX || time < rules.timeMin || time > MAX) return false;
  if (units !== null && (units < rules.unitsMin || units > MAX)) return false;
  if (rules.senderChecked && speaker !== sender) return false;
  if (!isMember(rules, speaker) || !isMember(rules, requester) || voter === requester) return false;
  if (!Object.hasOwn(rules.prices, service) || rules.prices[service] !== price) return false;
  const printed = units === null ? '-1' : printedUnits(rules, units);
  const work = createHash('sha256').update(`${speaker}${requester}${service}${price}${time}${state}${printed}${nonce}`);
  return work.digest('hex').startsWith('0');
}

function isMember(rules: DumbRules, id: string): boolean {
  return rules.members === null || rules.members.includes(id);
}

function printedUnits(rules: DumbRules, units: bigint): string {
  if (rules.print === 'units') return `${units}`;
  if (rules.print === 'dcoins') return `${units / RATE}`;
  const tenths = units * 2n;
  const [sign, size] = tenths < 0n ? ['-', -tenths] : ['', tenths];
  return size % 10n === 0n ? `${sign}${size / 10n}` : `${sign}${size / 10n}.${size % 10n}`;
}

function utf8(bytes: Buffer): string | null {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null;
}

function isId(rules: DumbRules, text: string | null): text is string {
  return text !== null && /^[-a-zA-Z0-9]+$/.test(text) && !text.includes('\n') && text.length <= rules.idBytes;
}

function isName(rules: DumbRules, text: string | null): text is string {
  return text !== null && text !== '' && !/\0/.test(text) && Buffer.byteLength(text) <= rules.idBytes;
}

/** A padded field: zeros at its end belong to the padding. */
function padded(rules: DumbRules, bytes: Buffer, index: number, shift = 0): string | null {
  const from = index * rules.idBytes + shift;
  let end = from + rules.idBytes;
  while (end > from && bytes[end - 1] === 0) end--;
  return utf8(bytes.subarray(from, end));
}

function compactFields(rules: DumbRules, bytes: Buffer): Fields | null {
  const w = rules.idBytes;
  const isVote = bytes.length === 3 * w + 48;
  if (!isVote && bytes.length !== 2 * w + 44) return null;
  const voter = isVote ? padded(rules, bytes, 0) : null;
  const rest = isVote ? bytes.subarray(w) : bytes;
  const requester = padded(rules, rest, 0);
  const service = padded(rules, rest, 1);
  if ((isVote && !isId(rules, voter)) || !isId(rules, requester) || !isName(rules, service)) return null;
  const hex = rest.subarray(2 * w, 2 * w + 32).toString('hex');
  const integer = (index: number): bigint => BigInt(rest.readInt32BE(2 * w + 32 + 4 * index));
  return {
    voter,
    requester,
    service,
    state: rules.upperCase ? hex.toUpperCase() : hex,
    price: integer(0),
    time: integer(1),
    nonce: integer(2),
    units: isVote ? integer(3) : null,
  };
}

function compactSensor(rules: DumbRules, bytes: Buffer): string | null {
  const w = rules.idBytes;
  if (bytes.length !== 2 * w + 16) return null;
  const publisher = padded(rules, bytes, 0);
  if (!isId(rules, publisher) || !isName(rules, padded(rules, bytes, 1))) return null;
  return Number.isFinite(bytes.readDoubleBE(2 * w + 8)) ? publisher : null;
}

/** A number that is printed back exactly as it was. */
function integer(text: string | undefined): bigint | null {
  if (text === undefined || !/^-?[0-9]{1,10}$/.test(text)) return null;
  const value = BigInt(text);
  return `${value}` === text && value >= MIN && value <= MAX ? value : null;
}

function printedBalance(rules: DumbRules, text: string): bigint | null {
  if (rules.print === 'units') return integer(text);
  if (rules.print === 'dcoins') {
    const dcoins = integer(text);
    return dcoins === null || dcoins * RATE < MIN || dcoins * RATE > MAX ? null : dcoins * RATE;
  }
  const parts = /^(-?)([0-9]{1,10})(?:\.([0-9]))?$/.exec(text);
  if (parts === null) return null;
  const tenths = BigInt(parts[2]!) * 10n + BigInt(parts[3] ?? '0');
  const units = ((parts[1] === '-' ? -tenths : tenths) * RATE) / 10n;
  return printedUnits(rules, units) === text && units >= MIN && units <= MAX ? units : null;
}

function textFields(rules: DumbRules, bytes: Buffer): Fields | null {
  const fields = utf8(bytes)?.split('_');
  if (fields?.length !== 8) return null;
  const [subscriber, requester, service, , , state, dcoin] = fields as string[];
  const [price, time, nonce] = [integer(fields[3]), integer(fields[4]), integer(fields[7])];
  if (!isId(rules, subscriber!) || !isId(rules, requester!) || !isName(rules, service!)) return null;
  if (price === null || time === null || nonce === null) return null;
  if (!(rules.upperCase ? /^[0-9A-F]+$/ : /^[0-9a-f]+$/).test(state!) || state!.length !== 64) return null;
  const common = { requester, service, price, time, state: state!, nonce };
  if (subscriber === requester) return dcoin === '-1' ? { ...common, voter: null, units: null } : null;
  const units = printedBalance(rules, dcoin!);
  return units === null ? null : { ...common, voter: subscriber, units };
}

function textSensor(rules: DumbRules, bytes: Buffer): string | null {
  const fields = utf8(bytes)?.split('_');
  if (fields?.length !== 3 || fields[0] !== 'S' || !isId(rules, fields[1]!)) return null;
  const value = fields[2]!;
  // JSON's numbers are this wire's, but for the size of an exponent.
  if (!/^-?[0-9.]+([eE][-+]?[0-9]{1,3})?$/.test(value)) return null;
  try {
    return Number.isFinite(JSON.parse(value)) ? fields[1]! : null;
  } catch {
    return null;
  }
}
