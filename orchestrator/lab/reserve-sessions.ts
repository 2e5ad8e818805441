/**
 * Opens every seat's session on the fabric before the first node starts, so that a node which is ready later has missed
 * nothing: without it, what the first nodes publish goes by the last ones, and their wallets differ for good. Seats that
 * join late are left out: what was sent before they came is not kept for them.
 */
import { nodeFilters } from '../../node/host/fabric-topics.ts';
import { MqttConnection } from '../../node/host/mqtt-connection.ts';
import { throwIfInterrupted } from '../failure.ts';
import type { LabCredentials } from './credentials.ts';
import { forEachBounded } from './for-each-bounded.ts';
import type { LabPlan } from './lab-plan.ts';

const AT_A_TIME = 16;

/** `fabricUrl` as this process reaches it. Nobody may be publishing yet. Rejects when `signal` is aborted meanwhile. */
export async function reserveSessions(
  fabricUrl: string,
  plan: Pick<LabPlan, 'lab' | 'seats' | 'qos'>,
  credentials: Pick<LabCredentials, 'fabric'>,
  signal: AbortSignal,
): Promise<void> {
  const early = plan.seats.filter(({ late }) => late !== true);
  await forEachBounded(early, AT_A_TIME, async ({ seat, node }) => {
    const connection = new MqttConnection({
      url: fabricUrl,
      clientId: seat,
      username: seat,
      password: credentials.fabric.get(seat)!.password,
      clean: false,
      filters: nodeFilters(plan.lab, node),
      qos: plan.qos,
    });
    // A connection waits for a broker that is not there, for ever where the lab is being stopped.
    const giveUp = (): void => void connection.close();
    signal.addEventListener('abort', giveUp);
    try {
      throwIfInterrupted(signal);
      await connection.open(() => {});
      await connection.close();
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  });
}
