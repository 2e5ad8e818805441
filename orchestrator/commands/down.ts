/** `wallance down`: stops a lab, keeping its wallets unless told otherwise. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { Failure } from '../failure.ts';
import { tryLab } from '../lab/ask-lab.ts';
import type { DownResult } from '../lab/lab-commands.ts';
import type { LabDirectory } from '../lab/lab-directory.ts';
import { isAlive } from '../lab/process-identity.ts';
import { existingLab, LAB_FLAG, labOption } from './lab-flags.ts';

const LAB_PROCESS_END_MS_MAX = 10_000;
const LOOK_AGAIN_MS = 10;

export const downCommand = defineCommand({
  name: 'down',
  summary: 'Stop a lab; its wallets are kept unless --volumes is given',
  flags: {
    lab: LAB_FLAG,
    volumes: { type: 'switch', help: 'remove the lab with its wallets, logs and credentials' },
  },
  examples: ['wallance down', 'wallance down --volumes --lab small'],
  perform: async ({ terminal, home, signal }, { flags }) => {
    const { directory } = existingLab(home, flags.lab);
    const record = directory.readRunning();
    const stopped = await tryLab<DownResult>(directory, { kind: 'down' }, { signal });
    if (stopped !== null && record !== null) {
      const deadlineMs = performance.now() + LAB_PROCESS_END_MS_MAX;
      while (isAlive(record.process)) {
        if (performance.now() > deadlineMs)
          throw new Failure(
            'environment',
            `the lab process ${record.process.pid} does not end: see ${directory.logFile}`,
          );
        await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
      }
    }
    const [{ takeLabLock }, { endLeftovers }] = await Promise.all([
      import('../lab/lab-lock.ts'),
      import('../lab/lab-process.ts'),
    ]);
    const lock = takeLabLock(directory.lockFile);
    if (lock === null)
      throw new Failure(
        'environment',
        `another process holds lab ${flags.lab} and does not answer: see ${directory.logFile}`,
      );
    try {
      await endLeftovers(directory);
      if (flags.volumes) await removeWallets(directory);
    } finally {
      lock.release();
    }
    const missed = flags.volumes ? [] : Object.entries(stopped?.result.missed ?? {});
    for (const [node, count] of missed) {
      terminal.note(`Node ${node} was down and has missed ${count} messages for good: its wallets will differ.`);
    }
    const before = stopped === null ? 'was not running' : 'is stopped';
    terminal.line(
      flags.volumes
        ? `Lab ${flags.lab} ${before} and is removed.`
        : `Lab ${flags.lab} ${before}; its wallets are kept: npx wallance up${labOption(flags.lab)} goes on with them.`,
    );
    return EXIT.pass;
  },
});

/** With a container engine they are in volumes of it. */
async function removeWallets(directory: LabDirectory): Promise<void> {
  if (directory.readPlacement()?.runtime === 'docker') {
    const [{ Engine }, { removeLab }] = await Promise.all([
      import('../runtimes/docker/engine.ts'),
      import('../runtimes/docker/leftovers.ts'),
    ]);
    await removeLab(await Engine.connect(), directory);
  }
  directory.remove();
}
