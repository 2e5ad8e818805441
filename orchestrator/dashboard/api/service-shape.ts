/** What can be bought. */
import { z } from 'zod';
import { component, list } from './component.ts';

export const SERVICES = component(
  'Services',
  z.strictObject({
    dcoinRate: z.number().describe('units of one DCoin'),
    services: list(
      z.strictObject({
        name: z.string(),
        priceDcoins: z.int(),
        priceUnits: z.int(),
        program: z.enum(['log', 'mqtt', 'http', 'command']).describe('what the node of the buyer does'),
        bought: z.int().describe('decisions since the lab process started'),
      }),
    ),
  }),
);
export type ServicesAnswer = z.output<typeof SERVICES>;
