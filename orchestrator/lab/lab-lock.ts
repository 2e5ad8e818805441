/**
 * One lab process a lab: an exclusive SQLite transaction on a file of its own. The kernel releases it when the process
 * ends, however it ends, so there is no stale lock to be judged and no race in taking one over.
 */
import Database from 'better-sqlite3';
import { Failure, messageOf } from '../failure.ts';

export interface LabLock {
  release(): void;
}

/** Null when another process holds the lock. */
export function takeLabLock(file: string): LabLock | null {
  let database: Database.Database | null = null;
  try {
    database = new Database(file, { timeout: 0 });
    const held = database;
    held.pragma('journal_mode = DELETE');
    held.exec('BEGIN EXCLUSIVE');
    return { release: () => held.close() };
  } catch (error) {
    database?.close();
    const code = (error as { code?: unknown }).code;
    if (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) return null;
    throw new Failure('environment', `cannot lock ${file}: ${messageOf(error)}`, { cause: error });
  }
}
