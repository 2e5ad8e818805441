/** The one command that starts an external seat's node, on a board or on any machine with a container engine. Pure. */
import { nodeEnvironment } from '../runtimes/node-environment.ts';
import { externalContainer } from './elsewhere.ts';
import type { LabPlan, SeatPlan } from './lab-plan.ts';

export interface JoinOptions {
  readonly plan: LabPlan;
  readonly seat: SeatPlan;
  readonly image: string;
  /** As the board reaches them. */
  readonly fabricUrl: string;
  readonly controlUrl: string;
  readonly fabricPassword: string;
  readonly controlPassword: string;
  /** Null: the brokers speak plain MQTT on this machine's loopback, whose network the container then shares. */
  readonly caFingerprint: string | null;
}

/** For a POSIX shell; restarts the node for ever, also after power loss, with what it had committed. */
export function joinCommand(options: JoinOptions): string {
  const { plan, seat, image, fabricUrl, controlUrl, caFingerprint } = options;
  const name = externalContainer(plan.lab, seat.seat);
  const { WALLANCE_FABRIC_PASSWORD_FILE, WALLANCE_CONTROL_PASSWORD_FILE, ...variables } = nodeEnvironment(plan, seat, {
    fabricUrl,
    fabricPasswordFile: '',
    controlUrl,
    controlPasswordFile: '',
    dataDirectory: '/data',
  });
  const environment = {
    ...variables,
    WALLANCE_DURABILITY: 'power',
    WALLANCE_FABRIC_PASSWORD: options.fabricPassword,
    WALLANCE_CONTROL_PASSWORD: options.controlPassword,
    ...(caFingerprint === null ? {} : { WALLANCE_CA_FINGERPRINT: caFingerprint }),
  };
  return [
    'docker run --detach --restart unless-stopped',
    `  --name ${name} --volume ${name}:/data`,
    ...(caFingerprint === null ? ['  --network host'] : []),
    '  --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 64 --memory 256m',
    ...Object.entries(environment).map(([key, value]) => `  --env ${key}=${quoted(value)}`),
    `  ${image}`,
  ].join(' \\\n');
}

function quoted(text: string): string {
  return /^[\w./:,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
