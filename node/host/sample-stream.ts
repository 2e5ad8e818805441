/** Samples from a stream of lines: the node's standard input, a pipe, a socket. */
import type { Readable } from 'node:stream';
import { LineSplitter, type SplitLine } from './line-splitter.ts';
import { SAMPLE_LINE_BYTES_MAX, type SampleIntake } from './sample-intake.ts';

/**
 * Hands the lines of `stream` to `intake`, and reads no faster than those are taken. Resolves when the stream has ended
 * or was destroyed (which is how to stop it); a stream that fails is a problem of the intake. The intake stays open.
 */
export async function readSamples(stream: Readable, intake: SampleIntake): Promise<void> {
  const splitter = new LineSplitter(SAMPLE_LINE_BYTES_MAX);
  try {
    for await (const chunk of stream) {
      await takeLines(splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk), intake);
    }
    await takeLines(splitter.flush(), intake);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    intake.refuse('the stream', 'to be read', (error as Error).message);
  }
}

async function takeLines(lines: Iterable<SplitLine>, intake: SampleIntake): Promise<void> {
  for (const line of lines) {
    if (line.kind === 'fault') intake.refuse(`line ${line.number}`, line.expected, line.found);
    else {
      const taken = intake.line(line.text, `line ${line.number}`);
      if (taken !== undefined) await taken;
    }
  }
}
