/** How views come to what the page knows, and are drawn again when it changes. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Topic } from '../api/frame-shape.ts';
import type { ServicesAnswer } from '../api/service-shape.ts';
import type { Answer, Refused } from './lab-client.ts';
import { LabStore } from './lab-store.ts';

export interface LabKnowledge {
  readonly store: LabStore;
  /** Null until the lab has told it. */
  readonly catalogue: ServicesAnswer | null;
}

export const LabContext = createContext<LabKnowledge>({ store: new LabStore(), catalogue: null });

/** The store; the component is drawn again with the next picture after one of `topics` has changed. */
export function useTopics(...topics: readonly (Topic | 'link')[]): LabStore {
  const { store } = useContext(LabContext);
  const [, redraw] = useState(0);
  const key = topics.join(',');
  // `key` stands for the topics, a new array each time.
  useEffect(() => {
    const later = (): void => redraw((count) => count + 1);
    // What came between drawing and this moment.
    later();
    return store.subscribe(topics, later);
  }, [store, key]);
  return store;
}

/** Units of one DCoin. */
export function useDcoinRate(): number {
  return useContext(LabContext).catalogue?.dcoinRate ?? 1;
}

export interface Asked<T> {
  readonly value: T | null;
  readonly refused: Refused | null;
  readonly again: () => void;
}

/** Asks when `key` changes and when told to; keeps the last value of the same key meanwhile. */
export function useAnswer<T>(ask: () => Promise<Answer<T>>, key: string): Asked<T> {
  const [got, setGot] = useState<{ key: string; value: T | null; refused: Refused | null }>({
    key,
    value: null,
    refused: null,
  });
  const latest = useRef({ ask, key });
  latest.current = { ask, key };
  const again = useCallback(() => {
    const asked = latest.current;
    void asked.ask().then((answer) => {
      if (latest.current.key !== asked.key) return;
      setGot((before) => ({
        key: asked.key,
        value: answer.ok ? answer.value : before.key === asked.key ? before.value : null,
        refused: answer.ok ? null : answer.refused,
      }));
    });
  }, []);
  // `key` says when to ask anew.
  useEffect(again, [again, key]);
  return got.key === key ? { ...got, again } : { value: null, refused: null, again };
}

/** As {@link useAnswer}, and again every `everyMs`. */
export function useFreshAnswer<T>(ask: () => Promise<Answer<T>>, key: string, everyMs: number): Asked<T> {
  const asked = useAnswer(ask, key);
  const { again } = asked;
  useEffect(() => {
    const timer = setInterval(again, everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return asked;
}

/** Draws the component again every `everyMs` while `wanted`. */
export function useTick(everyMs: number, wanted: boolean): void {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => redraw((count) => count + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, wanted]);
}
