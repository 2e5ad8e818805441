/**
 * `GET /metrics`, and `GET /metrics/targets` for those of the nodes. They are Prometheus' formats, no part of the API's
 * contract, and change nothing.
 */
import type { FastifyInstance } from 'fastify';
import type { LabMetricSources, LabMetrics } from '../metrics/lab-metrics.ts';
import { scrapeTargets } from '../metrics/scrape-targets.ts';

export function addMetrics(app: FastifyInstance, metrics: LabMetrics, sources: LabMetricSources): void {
  app.get('/metrics', async (_, reply) => reply.type(metrics.mediaType).send(await metrics.text(sources)));
  app.get('/metrics/targets', async () => {
    const { lab, seats } = sources.live.plan;
    const operations = sources.operations();
    // A node that somebody else started says where it is in its own network.
    const own = seats.filter(({ external }) => external !== true);
    return scrapeTargets(lab, own, (seat) => operations?.lab.httpOf(seat) ?? null);
  });
}
