/** Which files of a node's data directory are its memory (sqlite-store.ts): the database with its log. Observations are not among them. */
export const DATABASE_PREFIX = 'wallet.db';

export function isDatabase(name: string): boolean {
  return name.startsWith(DATABASE_PREFIX);
}
