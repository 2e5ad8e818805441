/** Options that say where the nodes of a lab run. */
import type { FlagTable, ParsedArguments } from '../cli/arguments.ts';
import { Failure } from '../failure.ts';
import { NODES_MAX } from '../lab/lab-plan.ts';
import { BOARD_NAMES, BOARD_PROFILES, type BoardName } from '../runtimes/board-profiles.ts';
import type { RequestedPlacement } from '../runtimes/choose-runtime.ts';
import { ARCHITECTURES, type Architecture, DEFAULT_PLACEMENT } from '../runtimes/placement.ts';

const ARCHITECTURE = `(?:${ARCHITECTURES.join('|')})`;

export const PLACEMENT_FLAGS = {
  runtime: {
    type: 'choice',
    choices: ['processes', 'docker', 'auto', 'simulated'],
    default: DEFAULT_PLACEMENT.runtime,
    help: 'where nodes run; auto: in containers where an engine is ready for them; simulated (run only): in virtual time',
  },
  board: {
    type: 'choice',
    choices: BOARD_NAMES,
    default: DEFAULT_PLACEMENT.board,
    help: `limits of each container (${BOARD_NAMES.map((name) => `${name}: ${BOARD_PROFILES[name].about}`).join('; ')})`,
  },
  memory: {
    type: 'integer',
    min: 6,
    max: 1_048_576,
    default: null,
    value: 'MB',
    help: 'limit of each container in place of the board’s',
  },
  arch: {
    type: 'text',
    pattern: new RegExp(`^${ARCHITECTURE}(,${ARCHITECTURE})*$`),
    expected: `${ARCHITECTURES.join(' or ')}, or several with commas between`,
    default: null,
    value: 'ARCH[,ARCH]',
    help: 'architecture of the containers, taken in turn; the engine’s own when absent',
  },
  arm64: {
    type: 'integer',
    min: 0,
    max: NODES_MAX,
    default: null,
    value: 'N',
    help: 'the last N nodes are arm64, emulated where the engine is not',
  },
  images: {
    type: 'text',
    pattern: /^[a-z0-9]([a-z0-9._:/-]{0,126}[a-z0-9])?$/,
    expected: 'the first part of names of images',
    default: null,
    value: 'NAME',
    help: `images are NAME-node:ARCH and NAME-lab:ARCH; NAME is ${DEFAULT_PLACEMENT.images} when absent`,
  },
  port: {
    type: 'integer',
    min: 1,
    max: 65_535,
    default: null,
    value: 'PORT',
    help: 'of the fabric on 127.0.0.1; any free one when absent',
  },
} as const satisfies FlagTable;

/** What was asked for. Throws a Failure where it contradicts itself. */
export function requestedPlacement({ flags, given }: ParsedArguments<typeof PLACEMENT_FLAGS>): RequestedPlacement {
  if (flags.arch !== null && flags.arm64 !== null)
    throw new Failure('usage', '--arm64: expected nothing beside --arch, got both');
  if (flags.runtime === 'simulated')
    throw new Failure('usage', '--runtime: expected processes, docker or auto for a lab of real nodes, got simulated');
  return {
    ...(given.has('runtime') ? { runtime: flags.runtime as RequestedPlacement['runtime'] & string } : {}),
    ...(given.has('board') ? { board: flags.board as BoardName } : {}),
    ...(flags.memory === null ? {} : { memoryMegabytes: flags.memory }),
    ...(flags.arch === null ? {} : { architectures: flags.arch.split(',') as Architecture[], arm64: 0 }),
    ...(flags.arm64 === null ? {} : { architectures: [], arm64: flags.arm64 }),
    ...(flags.images === null ? {} : { images: flags.images }),
    ...(flags.port === null ? {} : { fabricPort: flags.port }),
  };
}
