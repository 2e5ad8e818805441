/** What the fabric's broker of a lab is told, the same for every runtime that starts one; where it listens is not in it. */
import type { BrokerOptions } from '../fabric/embedded-broker.ts';
import { Failure, messageOf } from '../failure.ts';
import type { RuntimeOptions } from './runtime.ts';

export function fabricOptions({ plan, credentials }: Pick<RuntimeOptions, 'plan' | 'credentials'>): BrokerOptions {
  const { codec, idBytes } = plan.parameters;
  const accounts = plan.seats.map(({ seat, node }) => ({
    seat,
    identity: node,
    password: credentials.fabric.get(seat)!.password,
    role: 'node' as const,
  }));
  return { kind: 'fabric', lab: plan.lab, accounts, seed: plan.seed, wire: { codec, idBytes } };
}

/** `operation`, whatever goes wrong in it as a Failure `environment`. */
export async function environmentFailure<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('environment', messageOf(cause), { cause });
  }
}
