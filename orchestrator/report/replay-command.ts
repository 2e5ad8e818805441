/** A command as a person types it into a shell of the POSIX kind. */

/** Words that a shell would not take as they are go into quotes. */
export function commandText(words: readonly string[]): string {
  return words.map((word) => (/^[\w=./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
