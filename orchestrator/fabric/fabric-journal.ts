/**
 * The fabric's record of messages, JSON lines: one for each message that was taken, and one for each copy that a link
 * rule touched.
 *
 *   {"t":…,"from":…,"topic":"consensus","class":"vote","bytes":144,"recipients":8}
 *   {"t":…,"rule":…,"from":…,"to":…,"class":"vote","did":["delay"],"delayMs":1.53}
 *   {"t":…,"full":true,"lines":…,"bytes":…}    the last one, where the journal is full: nothing after it was recorded
 *
 * `t` is the machine's monotonic clock in milliseconds, as in the observations of nodes; `from` and `to` are client ids
 * of publishers and seats of rules; `topic` is the kind of topic (traffic.ts); `delayMs` is what that rule held the copy for.
 * What was published in the last tenth of a second before a broker is killed is not in it.
 */
import type { LinkDecision } from './link-rules.ts';
import type { MessageClassifier } from './message-class.ts';
import type { Parcel } from './parcel.ts';

export interface JournalBounds {
  readonly linesMax: number;
  readonly bytesMax: number;
}

export const JOURNAL_BOUNDS: JournalBounds = { linesMax: 1_000_000, bytesMax: 128 * 1024 * 1024 };

const BATCH_MS = 100;
/** A batch is sent before its time when it has so many characters. */
const BATCH_CHARACTERS = 256 * 1024;

export class FabricJournal {
  readonly #bounds: JournalBounds;
  readonly #classifier: MessageClassifier;
  readonly #now: () => number;
  readonly #send: (lines: string) => void;
  /** Names as JSON: they are few, and written often. */
  readonly #names = new Map<string, string>();
  #batch = '';
  #timer: NodeJS.Timeout | null = null;
  #lines = 0;
  #bytes = 0;
  #full = false;

  /** `now`: a monotonic clock, milliseconds. `send` is given whole lines. */
  constructor(bounds: JournalBounds, classifier: MessageClassifier, now: () => number, send: (lines: string) => void) {
    this.#bounds = bounds;
    this.#classifier = classifier;
    this.#now = now;
    this.#send = send;
  }

  readonly published = (parcel: Parcel, recipients: number): void => {
    if (this.#full) return;
    const { message, trafficClass } = parcel;
    const messageClass = this.#classifier.classOf(message);
    this.#add(
      `{"t":${this.#time()},"from":${this.#name(message.from)},"topic":"${trafficClass}","class":"${messageClass}",` +
        `"bytes":${message.payload.length},"recipients":${recipients}}\n`,
    );
  };

  readonly decided = ({ rule, from, to, messageClass, did, delayMs }: LinkDecision): void => {
    if (this.#full) return;
    const held = delayMs > 0 ? `,"delayMs":${Math.round(delayMs * 1000) / 1000}` : '';
    this.#add(
      `{"t":${this.#time()},"rule":${this.#name(rule)},"from":${this.#name(from)},"to":${this.#name(to)},` +
        `"class":"${messageClass}","did":["${did.join('","')}"]${held}}\n`,
    );
  };

  /** Sends what there is. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#batch === '') return;
    const lines = this.#batch;
    this.#batch = '';
    this.#send(lines);
  }

  #add(line: string): void {
    // Names may take more bytes than characters; the bound is for a disk, not for a buffer.
    if (this.#lines >= this.#bounds.linesMax || this.#bytes + line.length > this.#bounds.bytesMax) {
      this.#full = true;
      this.#batch += `{"t":${this.#time()},"full":true,"lines":${this.#lines},"bytes":${this.#bytes}}\n`;
      this.flush();
      return;
    }
    this.#lines++;
    this.#bytes += line.length;
    this.#batch += line;
    if (this.#batch.length >= BATCH_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  #time(): number {
    return Math.round(this.#now() * 1000) / 1000;
  }

  #name(text: string): string {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = JSON.stringify(text);
      this.#names.set(text, name);
    }
    return name;
  }
}
