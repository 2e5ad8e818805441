/**
 * A process that explores, one for each core: it waits for messages and ends when nobody can send any more.
 *
 * Schedules leave much garbage and keep none. With a large nursery little of it is ever copied, as long as nothing of a
 * schedule is allocated in the old generation, where it would hold on to all that it refers to; and where every core is
 * at work, helper threads of one collector would only take from the other processes.
 * These are options of a whole process, which is why explorers are no threads.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const NURSERY_MB = 64;
const OPTIONS = [`--max-semi-space-size=${NURSERY_MB}`, '--no-allocation-site-pretenuring', '--single-threaded-gc'];

export function forkExplorer(program: URL): ChildProcess {
  return fork(fileURLToPath(program), {
    execArgv: OPTIONS,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}
