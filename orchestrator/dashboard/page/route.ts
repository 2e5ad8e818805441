/** Which view is shown, and with what: the part of the address after `#/`. */
import { useEffect, useState } from 'preact/hooks';
import type { Topic } from '../api/frame-shape.ts';

/** By name, in the order of the navigation; with what each wants to be told while it is shown. */
export const VIEWS = {
  lab: { title: 'Lab', topics: ['lab', 'faults'] },
  wallets: { title: 'Wallets', topics: ['lab', 'wallets'] },
  services: { title: 'Services', topics: ['lab', 'purchases'] },
  consensus: { title: 'Consensus', topics: ['lab', 'requests'] },
  messages: { title: 'Messages', topics: ['lab', 'messages'] },
  faults: { title: 'Faults', topics: ['lab', 'faults'] },
  runs: { title: 'Runs', topics: ['lab'] },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly topics: readonly Topic[] }>>;

export type ViewName = keyof typeof VIEWS;

export interface Route {
  readonly view: ViewName;
  readonly query: URLSearchParams;
}

/** Null: there is no such view. */
export function readRoute(hash: string): Route | null {
  const [name = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  if (name === '') return { view: 'lab', query: new URLSearchParams() };
  return Object.hasOwn(VIEWS, name) ? { view: name as ViewName, query: new URLSearchParams(query) } : null;
}

export function hrefOf(view: ViewName, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${view}${text === '' ? '' : `?${text}`}`;
}

/** Takes the place of the address that is shown, without a step in the browser's history. */
export function replaceRoute(href: string): void {
  history.replaceState(null, '', href);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useRoute(): Route | null {
  const [route, setRoute] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const change = (): void => setRoute(readRoute(location.hash));
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return route;
}
