/** /api/events for programs: the frames of server-sent events, one by one, until the stream ends. */
import type { Frame, Topic } from './api/frame-shape.ts';

/** Rejects where the lab cannot be reached or answers otherwise, and when `signal` is aborted. */
export async function* readFrames(url: string, topics: readonly Topic[], signal: AbortSignal): AsyncGenerator<Frame> {
  const response = await fetch(new URL(`api/events?topics=${topics.join(',')}`, url), { signal });
  if (!response.ok || response.body === null) throw new Error(`${url} answers ${response.status}`);
  let rest = '';
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + part).split('\n\n');
    rest = events.pop()!;
    for (const event of events) {
      const lines = event.split('\n');
      if (!lines.includes('event: frame')) continue;
      const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart());
      yield JSON.parse(data.join('\n')) as Frame;
    }
  }
}
