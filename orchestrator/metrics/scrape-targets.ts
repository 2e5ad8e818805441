/**
 * Where the nodes' own metrics are, as Prometheus' HTTP service discovery takes it: nodes of processes have another port
 * after each start. A node that is not ready keeps no place there; that it is down is the lab's own metric.
 */
import { isLoopback } from '../lab/loopback.ts';

export interface ScrapeTarget {
  readonly targets: readonly [hostAndPort: string];
  readonly labels: { readonly lab: string; readonly seat: string; readonly node: string };
}

/** `httpOf`: of a seat; null where there is nothing to scrape. Addresses that mean every interface are left out. */
export function scrapeTargets(
  lab: string,
  seats: readonly { readonly seat: string; readonly node: string }[],
  httpOf: (seat: string) => string | null,
): ScrapeTarget[] {
  return seats.flatMap(({ seat, node }): ScrapeTarget[] => {
    const url = httpOf(seat);
    if (url === null || !URL.canParse(url)) return [];
    const { host, hostname } = new URL(url);
    // Another machine's loopback, or all its addresses: not reachable under this name.
    const reachable = isLoopback(hostname.replace(/^\[|\]$/g, ''));
    return reachable ? [{ targets: [host], labels: { lab, seat, node } }] : [];
  });
}
