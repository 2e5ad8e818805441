/**
 * What commands print to: results on stdout, progress and problems on stderr, and a block of lines that is redrawn in
 * place where stdout is a terminal. Plain text without control sequences everywhere else.
 */

/** The part of a stream that is used here. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export interface TerminalOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** False when NO_COLOR is set. */
  readonly colourAllowed: boolean;
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = keyof typeof STYLES;

const ESCAPE = '\u001b[';

export class Terminal {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #colour: boolean;
  /** Lines of the live block on the screen. */
  #liveLines = 0;

  constructor(options: TerminalOptions) {
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.#colour = options.colourAllowed && options.stdout.isTTY === true;
  }

  /** True where a block of lines can be redrawn. */
  get interactive(): boolean {
    return this.#stdout.isTTY === true;
  }

  get columns(): number {
    return this.#stdout.columns ?? 100;
  }

  get rows(): number {
    return this.#stdout.rows ?? 24;
  }

  /** A line of the result. */
  line(text = ''): void {
    this.#eraseLive();
    this.#stdout.write(`${text}\n`);
  }

  /** The result as JSON, on one line for a value, readable for people who look. */
  json(value: unknown): void {
    this.line(JSON.stringify(value, null, 2));
  }

  /** Progress or a problem: not part of the result. */
  note(text: string): void {
    this.#eraseLive();
    this.#stderr.write(`${text}\n`);
  }

  /** Puts `lines` in place of the live block. Does nothing where the output is no terminal. */
  live(lines: readonly string[]): void {
    if (!this.interactive) return;
    this.#eraseLive();
    const width = this.columns - 1;
    this.#stdout.write(lines.map((line) => `${cut(line, width)}\n`).join(''));
    this.#liveLines = lines.length;
  }

  /** Leaves the live block on the screen as it is; what follows comes below it. */
  keepLive(): void {
    this.#liveLines = 0;
  }

  style(style: Style, text: string): string {
    return this.#colour ? `${ESCAPE}${STYLES[style]}m${text}${ESCAPE}0m` : text;
  }

  #eraseLive(): void {
    if (this.#liveLines === 0) return;
    this.#stdout.write(`${ESCAPE}${this.#liveLines}A${ESCAPE}0J`);
    this.#liveLines = 0;
  }
}

// biome-ignore lint/complexity/useRegexLiterals: the escape character is easier to see in a string
const SEQUENCE = new RegExp('\u001b\\[\\d+m', 'g');

/** Characters that `text` takes on the screen, style sequences not counted. */
export function shownWidth(text: string): number {
  return [...text.replace(SEQUENCE, '')].length;
}

/** Cuts to `width` characters; a line with styles that is too long loses them. */
function cut(text: string, width: number): string {
  return shownWidth(text) <= width ? text : [...text.replace(SEQUENCE, '')].slice(0, Math.max(0, width)).join('');
}
