/**
 * Program of a broker: in a process, which broker-process.ts starts and talks to over IPC, or in a container, where the
 * same messages are JSON lines on standard input and output. Its options, passwords among them, come as the first
 * message: they are in no argument, no environment and no file. It ends with whoever started it: when the channel
 * closes, on request, on SIGTERM. An interrupt from the terminal reaches the whole process group and is left to the
 * parent, which still wants to read from the nodes.
 */
import { createInterface } from 'node:readline';
import { messageOf } from '../failure.ts';
import type { Answers, FromBroker, Question, ToBroker } from './broker-messages.ts';
import { EmbeddedBroker } from './embedded-broker.ts';

const forked = process.send !== undefined;
let broker: EmbeddedBroker | null = null;
let ending = false;

/** Resolves when it has left this process. */
function tell(message: FromBroker): Promise<void> {
  return new Promise((resolve) => {
    if (!forked) process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve());
    else if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });
}

async function start({ options, beginning }: Extract<ToBroker, { kind: 'start' }>): Promise<void> {
  try {
    broker = new EmbeddedBroker(options, {
      ...(beginning === undefined ? {} : { beginning }),
      onJournal: (lines) => void tell({ kind: 'journal', lines }),
    });
    void tell({ kind: 'ready', port: await broker.start() });
  } catch (error) {
    void tell({ kind: 'failed', message: messageOf(error) });
    await end();
  }
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await broker?.stop();
  // Nothing is left that would keep the process alive.
  if (!forked) process.stdin.destroy();
  else if (process.connected) process.disconnect();
}

async function answer(of: EmbeddedBroker, question: Question): Promise<Answers[keyof Answers]> {
  switch (question.ask) {
    case 'stats':
      return of.stats();
    case 'link-counts':
      return of.linkCounts();
    case 'link-state':
      return of.linkState();
    case 'set-links':
      await of.setLinks(question.rules);
      return null;
    case 'set-queue-limit':
      await of.setQueueLimit(question.messages);
      return null;
    case 'cut':
      return of.cut(question.seats);
    case 'hand-over':
      return of.handOver();
  }
}

async function reply(of: EmbeddedBroker, id: number, question: Question): Promise<void> {
  try {
    await tell({ kind: 'answer', id, answer: await answer(of, question) });
  } catch (error) {
    void tell({ kind: 'refused', id, message: messageOf(error) });
  }
  if (question.ask === 'hand-over') await end();
}

function take(message: ToBroker): void {
  if (message.kind === 'start') void start(message);
  else if (message.kind === 'stop') void end();
  else if (broker !== null) void reply(broker, message.id, message.question);
}

if (forked) {
  process.on('message', take);
  process.on('disconnect', () => void end());
} else {
  createInterface({ input: process.stdin })
    .on('line', (line) => take(JSON.parse(line) as ToBroker))
    .on('close', () => void end());
}
process.on('SIGTERM', () => void end());
process.on('SIGINT', () => {});
