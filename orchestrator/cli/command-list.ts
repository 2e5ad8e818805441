/** All commands, in the order of the help. Their modules are light: what is heavy is imported when they run. */
import { attachCommand } from '../commands/attach.ts';
import { brokerCommand } from '../commands/broker.ts';
import { buyCommand } from '../commands/buy.ts';
import { checkCommand } from '../commands/check.ts';
import { cleanCommand } from '../commands/clean.ts';
import { compareCommand } from '../commands/compare.ts';
import { credentialsCommand } from '../commands/credentials.ts';
import { doctorCommand } from '../commands/doctor.ts';
import { downCommand } from '../commands/down.ts';
import { exploreCommand } from '../commands/explore.ts';
import { logsCommand } from '../commands/logs.ts';
import { restartCommand, startCommand, stopCommand } from '../commands/node-commands.ts';
import { paperCommand } from '../commands/paper.ts';
import { planCommand } from '../commands/plan.ts';
import { replayCommand } from '../commands/replay.ts';
import { reportCommand } from '../commands/report.ts';
import { runCommand } from '../commands/run.ts';
import { sampleCommand } from '../commands/sample.ts';
import { schemaCommand } from '../commands/schema.ts';
import { statusCommand } from '../commands/status.ts';
import { traceCommand } from '../commands/trace.ts';
import { upCommand } from '../commands/up.ts';
import { validateCommand } from '../commands/validate.ts';
import { watchCommand } from '../commands/watch.ts';
import type { Command } from './command.ts';

export const COMMANDS: readonly Command[] = [
  runCommand,
  checkCommand,
  replayCommand,
  exploreCommand,
  paperCommand,
  compareCommand,
  reportCommand,
  upCommand,
  statusCommand,
  watchCommand,
  buyCommand,
  sampleCommand,
  stopCommand,
  startCommand,
  restartCommand,
  logsCommand,
  downCommand,
  cleanCommand,
  validateCommand,
  planCommand,
  schemaCommand,
  traceCommand,
  doctorCommand,
  attachCommand,
  brokerCommand,
  credentialsCommand,
];
