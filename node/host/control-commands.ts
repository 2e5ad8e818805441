/**
 * Reads what the lab sends over the control channel. It comes from outside like everything else: bounds are checked,
 * nothing throws, and what is wrong is a list of problems.
 */
import { INT32_MAX } from '../protocol/message.ts';
import { type Problem, shown } from '../protocol/parameters.ts';
import { NORMAL_CONDITIONS } from './conditions.ts';
import type {
  CanaryCommand,
  ConditionsCommand,
  OrderCommand,
  Ping,
  Refusal,
  ReportRequest,
  SampleCommand,
} from './control-protocol.ts';
import { readConditions } from './read-conditions.ts';
import { isPlainText, RecordReader } from './record-reader.ts';

export type CommandResult<C> =
  | { readonly ok: true; readonly command: C }
  /** `id`: of the order or report, where it could be read. */
  | { readonly ok: false; readonly id: string | null; readonly problems: readonly Problem[] };

/** A command is small; a longer one is not looked at. */
export const COMMAND_BYTES_MAX = 65_536;
const ID_BYTES_MAX = 64;
const SAMPLES_MAX = 100_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function readOrder(payload: Uint8Array): CommandResult<OrderCommand> {
  return read(payload, 'orderId', (reader) => ({
    orderId: reader.text('orderId', ID_BYTES_MAX),
    service: reader.name('service'),
    priceDcoins: reader.raw('priceDcoins') === null ? null : reader.integer('priceDcoins', 0, INT32_MAX),
    mode: reader.choice('mode', ['strict', 'wait', 'force']),
  }));
}

export function readSample(payload: Uint8Array): CommandResult<SampleCommand> {
  return read(payload, null, (reader) => ({
    topic: reader.name('topic'),
    value: reader.number('value'),
    count: reader.integer('count', 1, SAMPLES_MAX),
  }));
}

export function readReportRequest(payload: Uint8Array): CommandResult<ReportRequest> {
  return read(payload, 'reportId', (reader) => ({ reportId: reader.text('reportId', ID_BYTES_MAX) }));
}

export function readRefusal(payload: Uint8Array): CommandResult<Refusal> {
  return read(payload, null, (reader) => ({ configurationHash: reader.text('configurationHash', ID_BYTES_MAX) }));
}

export function readPing(payload: Uint8Array): CommandResult<Ping> {
  return read(payload, null, (reader) => ({ pingId: reader.text('pingId', ID_BYTES_MAX) }));
}

export function readConditionsCommand(payload: Uint8Array): CommandResult<ConditionsCommand> {
  return read(payload, 'conditionsId', (reader, problems) => {
    const result = readConditions(reader.raw('conditions'), `${reader.path}.conditions`);
    if (!result.ok) problems.push(...result.problems);
    return {
      conditionsId: reader.text('conditionsId', ID_BYTES_MAX),
      conditions: result.ok ? result.conditions : NORMAL_CONDITIONS,
    };
  });
}

export function readCanaryCommand(payload: Uint8Array): CommandResult<CanaryCommand> {
  return read(payload, null, (reader) => ({ canaryId: reader.text('canaryId', ID_BYTES_MAX) }));
}

function read<C>(
  payload: Uint8Array,
  idName: string | null,
  fields: (reader: RecordReader, problems: Problem[]) => C,
): CommandResult<C> {
  const value = parse(payload);
  if ('problem' in value) return { ok: false, id: null, problems: [value.problem] };
  const problems: Problem[] = [];
  const reader = RecordReader.over(value.json, 'command', problems);
  if (reader === null) return { ok: false, id: null, problems };
  const command = fields(reader, problems);
  reader.finish();
  if (problems.length === 0) return { ok: true, command };
  const id = idName === null ? undefined : reader.raw(idName);
  return { ok: false, id: typeof id === 'string' && isPlainText(id, ID_BYTES_MAX) ? id : null, problems };
}

function parse(payload: Uint8Array): { readonly json: unknown } | { readonly problem: Problem } {
  const problem = (expected: string, found: string) => ({ problem: { path: 'command', expected, found } });
  if (payload.length > COMMAND_BYTES_MAX)
    return problem(`at most ${COMMAND_BYTES_MAX} bytes`, `${payload.length} bytes`);
  let text = '';
  try {
    text = utf8.decode(payload);
    return { json: JSON.parse(text) };
  } catch {
    return problem('JSON in UTF-8', text === '' ? `${payload.length} bytes` : shown(text.slice(0, 60)));
  }
}
