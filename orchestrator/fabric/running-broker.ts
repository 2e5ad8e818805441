/** A broker that runs in a process of its own, whatever its make: the shape that labs, tests and measurements use. */
export interface RunningBroker {
  /** `mqtt://host:port`, as nodes connect to it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason; says how. Never rejects. */
  readonly exited: Promise<string>;
  /** Ends it in good order and waits for that. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL: the crash of a broker. */
  kill(): Promise<void>;
}

export class BrokerError extends Error {
  /** `refused`: what was asked for makes no sense. */
  readonly code: 'start-failed' | 'not-installed' | 'exited' | 'no-answer' | 'refused';
  constructor(code: BrokerError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
