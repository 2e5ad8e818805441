/** Options about nodes that are started elsewhere. */
import type { FlagTable, ParsedArguments } from '../cli/arguments.ts';
import { Failure } from '../failure.ts';
import type { RequestedBoards } from '../lab/boards.ts';
import { NODES_MAX } from '../lab/lab-plan.ts';

export const BOARD_FLAGS = {
  external: {
    type: 'integer',
    min: 0,
    max: NODES_MAX,
    default: 0,
    value: 'N',
    help: 'the last N of the nodes are started elsewhere, on boards for instance',
  },
  listen: {
    type: 'text',
    // An address that stands for all of them could not be told to a board.
    pattern: /^(?!0\.0\.0\.0$|::$)[0-9A-Za-z.:-]{1,255}$/,
    expected: 'an address or name of this machine as boards reach it',
    default: null,
    value: 'ADDRESS',
    help: 'let them in there, over TLS; from this machine alone when absent',
  },
  'external-ports': {
    type: 'text',
    pattern: /^\d{1,5},\d{1,5}$/,
    expected: 'two ports with a comma between',
    default: null,
    value: 'FABRIC,CONTROL',
    help: 'ports for them; any two that are free at first, and then the same again',
  },
  'external-image': {
    type: 'text',
    pattern: /^[a-z0-9][a-z0-9._:/@-]{0,255}$/,
    expected: 'the name of an image',
    default: null,
    value: 'IMAGE',
    help: 'what they run; wallance-node:arm64 when absent',
  },
} as const satisfies FlagTable;

/** Only what was asked for. Throws a Failure where a port is none. */
export function requestedBoards({ flags }: ParsedArguments<typeof BOARD_FLAGS>): RequestedBoards {
  const ports = flags['external-ports']?.split(',').map(Number) as [number, number] | undefined;
  if (ports?.some((port) => port > 65_535))
    throw new Failure('usage', `--external-ports: expected two ports up to 65535, got ${flags['external-ports']}`);
  return {
    ...(flags.listen === null ? {} : { host: flags.listen }),
    ...(ports === undefined ? {} : { fabricPort: ports[0], controlPort: ports[1] }),
    ...(flags['external-image'] === null ? {} : { image: flags['external-image'] }),
  };
}
