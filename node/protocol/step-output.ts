/**
 * What one step of the state machine puts out: rows to persist and effects, gathered while the step runs. The parts of
 * the state machine share it, so that whatever a part does ends up in the one `persist` that precedes the effects.
 * Source.
 */
import type { Change, Table } from './durable.ts';
import type { MessageHead } from './message.ts';
import { type RejectionCode, rejection } from './rejection.ts';
import type { Effect } from './step.ts';

export class StepOutput {
  #effects: Effect[] = [];
  #changes: Change[] = [];

  /** Puts a row, or removes it with null. */
  persist(table: Table, key: string | number, record: unknown): void {
    this.#changes.push({ table, key, record });
  }

  emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  emitAll(effects: readonly Effect[]): void {
    this.#effects.push(...effects);
  }

  reject(
    code: RejectionCode,
    message: MessageHead,
    sender: string | null,
    where: string,
    expected: string,
    found: string,
  ): void {
    this.emit({ kind: 'rejected', rejection: rejection(code, message.kind, sender, where, expected, found) });
  }

  /** The step's effects, `persist` first, and an empty output for the next step. */
  take(): readonly Effect[] {
    const effects = this.#effects;
    const changes = this.#changes;
    this.#effects = [];
    this.#changes = [];
    return changes.length === 0 ? effects : [{ kind: 'persist', changes }, ...effects];
  }
}
