/**
 * Parts of the API's contract that have a name: each is a zod schema here, a type for those who import it, and a
 * component of the OpenAPI document. Answers are written out as they are sent; nothing is turned into something else.
 */
import { z } from 'zod';

export const COMPONENTS = z.registry<{ readonly id: string }>();

/** Gives `shape` its name in the document, which must be unique. */
export function component<T extends z.ZodType>(id: string, shape: T): T {
  COMPONENTS.add(shape, { id });
  return shape;
}

export const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
export const counts = () => z.record(z.string(), z.number()).readonly();

/** There may be more in it than what is written out here. */
export const open = <T extends z.ZodRawShape>(shape: T) => z.object(shape).meta({ additionalProperties: true });

/** Unix milliseconds. */
export const unixMs = () => z.number().describe('Unix milliseconds');
export const seatName = () => z.string().describe('a place of the plan: what node commands take');
export const nodeId = () => z.string().describe('a member id: what messages and wallets carry');
