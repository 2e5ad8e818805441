/**
 * Server-sent events: one projection, one frame for all readers of the same topics, and at most four frames a second.
 * A reader who does not keep up is not written to until what waits for it has gone, and then gets everything as it is
 * now, so that nothing grows with slowness. While nobody reads, no frame is made and no timer runs.
 */
import type { ServerResponse } from 'node:http';
import type { Frame, Topic } from './api/frame-shape.ts';
import { LIMITS } from './limits.ts';
import { BEGINNING, type Cursor, type LiveLab } from './live-lab.ts';

interface Reader {
  readonly response: ServerResponse;
  /** It has missed frames. */
  behind: boolean;
  /** When bytes last left for it, or nothing was waiting; monotonic milliseconds. */
  aliveMs: number;
  saidMs: number;
}

/** Readers of the same topics. */
interface Channel {
  readonly topics: readonly Topic[];
  readonly readers: Set<Reader>;
  cursor: Cursor;
  /** Everything, as it was at `version`: pages that open together share it. */
  full: { readonly version: number; readonly bytes: Buffer } | null;
}

export interface EventHubOptions {
  readonly live: LiveLab;
  /** Monotonic milliseconds, on the clock of observations. */
  readonly nowMs: () => number;
  /** Called before a frame is made, with what only the lab knows at this moment. */
  readonly refresh: () => void;
}

export interface FrameCounts {
  frames: number;
  fullFrames: number;
  bytes: number;
}

export class EventHub {
  readonly #options: EventHubOptions;
  readonly #channels = new Map<string, Channel>();
  #timer: NodeJS.Timeout | null = null;
  /** Serialised, whatever the number of readers. */
  readonly counts: FrameCounts = { frames: 0, fullFrames: 0, bytes: 0 };

  constructor(options: EventHubOptions) {
    this.#options = options;
  }

  get readers(): number {
    let count = 0;
    for (const { readers } of this.#channels.values()) count += readers.size;
    return count;
  }

  /** Sends frames to `response`, whose head is written already, until it is closed. `topics`: sorted, each once. */
  add(response: ServerResponse, topics: readonly Topic[]): void {
    const key = topics.join(',');
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      this.#refresh();
      channel = { topics, readers: new Set(), cursor: this.#options.live.cursor, full: null };
      this.#channels.set(key, channel);
    }
    const nowMs = this.#options.nowMs();
    const reader: Reader = { response, behind: false, aliveMs: nowMs, saidMs: nowMs };
    channel.readers.add(reader);
    response.on('close', () => {
      channel.readers.delete(reader);
      if (channel.readers.size === 0 && this.#channels.get(key) === channel) this.#channels.delete(key);
      if (this.#channels.size === 0) this.#rest();
    });
    response.on('error', () => response.destroy());
    response.on('drain', () => {
      reader.aliveMs = this.#options.nowMs();
    });
    response.write(`retry: ${LIMITS.retryMs}\n\n`);
    response.write(this.#full(channel));
    this.#timer ??= setInterval(() => this.tick(), LIMITS.frameMs);
  }

  /** Makes one frame for each set of topics and hands it out. */
  tick(): void {
    this.#refresh();
    const { live } = this.#options;
    for (const channel of this.#channels.values()) {
      const frame = live.frame(channel.topics, channel.cursor, Date.now());
      channel.cursor = live.cursor;
      const bytes = frame === null ? null : this.#serialised(frame);
      for (const reader of channel.readers) this.#hand(channel, reader, bytes);
    }
  }

  /** Ends every connection; pages try again after a while. */
  close(): void {
    for (const { readers } of this.#channels.values()) for (const { response } of readers) response.end();
    this.#rest();
  }

  #hand(channel: Channel, reader: Reader, bytes: Buffer | null): void {
    const { response } = reader;
    const nowMs = this.#options.nowMs();
    const waiting = response.writableLength;
    if (waiting === 0) reader.aliveMs = nowMs;
    else if (nowMs - reader.aliveMs > LIMITS.readerMs) {
      response.destroy();
      return;
    }
    if (waiting > LIMITS.readerBytes || (reader.behind && waiting > 0)) {
      reader.behind ||= bytes !== null;
      return;
    }
    if (reader.behind) {
      reader.behind = false;
      reader.saidMs = nowMs;
      response.write(this.#full(channel));
    } else if (bytes !== null) {
      reader.saidMs = nowMs;
      response.write(bytes);
    } else if (nowMs - reader.saidMs > LIMITS.heartbeatMs) {
      reader.saidMs = nowMs;
      response.write(':\n\n');
    }
  }

  #full(channel: Channel): Buffer {
    const { live } = this.#options;
    const { version, message } = live.cursor;
    if (channel.full?.version !== version + message) {
      const frame = live.frame(channel.topics, BEGINNING, Date.now())!;
      channel.full = { version: version + message, bytes: this.#serialised(frame) };
    }
    return channel.full.bytes;
  }

  /** Encoded once, for all. */
  #serialised(frame: Frame): Buffer {
    const bytes = Buffer.from(`event: frame\nid: ${frame.boot}:${frame.version}\ndata: ${JSON.stringify(frame)}\n\n`);
    this.counts.frames++;
    if (frame.full) this.counts.fullFrames++;
    this.counts.bytes += bytes.length;
    return bytes;
  }

  #refresh(): void {
    this.#options.refresh();
    this.#options.live.advance(this.#options.nowMs());
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
