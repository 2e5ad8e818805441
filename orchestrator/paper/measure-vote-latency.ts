/**
 * Latency of votes over one fabric: a client in a process of its own, a broker in another, both started for this
 * measurement alone and gone after it.
 */
import { fork } from 'node:child_process';
import { channelTopic } from '../../node/host/fabric-topics.ts';
import type { MqttTransportOptions } from '../../node/host/mqtt-transport.ts';
import type { Parameters } from '../../node/protocol/parameters.ts';
import type { Account } from '../fabric/access.ts';
import { BrokerProcess } from '../fabric/broker-process.ts';
import { MosquittoBroker } from '../fabric/mosquitto-broker.ts';
import { BrokerError, type RunningBroker } from '../fabric/running-broker.ts';
import { Failure, throwIfInterrupted } from '../failure.ts';
import { distributionOf } from '../history/distribution.ts';
import { programFile } from '../project.ts';
import { CannotMeasure, type RawData } from './measurement.ts';
import type { LatencyAnswer, LatencyTask } from './vote-latency-client.ts';

export type LatencyFabric = 'aedes' | 'mosquitto' | 'in-process';

export interface LatencyOptions {
  readonly fabric: LatencyFabric;
  readonly idBytes: Parameters['idBytes'];
  /** 1 and more. */
  readonly samples: number;
  /** Messages before them. */
  readonly warmUp: number;
  readonly signal: AbortSignal;
}

const LAB = 'paper';
const NODE = 'node-1';
const PASSWORD = 'of node-1';
const ACCOUNT: Account = { seat: NODE, identity: NODE, password: PASSWORD, role: 'node' };
/** A hundred times what a sample takes on a machine with nothing else to do. */
const SAMPLE_MS_MAX = 50;
const START_MS_MAX = 20_000;

/** Rejects with CannotMeasure where there is no mosquitto, with a Failure when interrupted or without an answer. */
export async function measureVoteLatency(options: LatencyOptions): Promise<RawData> {
  throwIfInterrupted(options.signal);
  const broker = await startBroker(options.fabric);
  try {
    const { idBytes, samples, warmUp } = options;
    const transport = broker === null ? null : access(broker.url);
    const answer = await answerOf({ transport, idBytes, samples, warmUp }, options.signal);
    return {
      fabric: options.fabric,
      idBytes,
      payloadBytes: answer.payloadBytes,
      topicBytes: broker === null ? 0 : channelTopic(LAB, NODE, 'consensus').length,
      warmUp,
      latencyMs: distributionOf(answer.latenciesMs),
      clientCpuMs: answer.cpuMs,
      samplesMs: answer.latenciesMs.map((ms) => Math.round(ms * 10_000) / 10_000),
    };
  } finally {
    await broker?.stop();
  }
}

async function startBroker(fabric: LatencyFabric): Promise<RunningBroker | null> {
  if (fabric === 'in-process') return null;
  if (fabric === 'aedes') return BrokerProcess.start({ kind: 'fabric', lab: LAB, accounts: [ACCOUNT] });
  try {
    return await MosquittoBroker.start({ lab: LAB, accounts: [ACCOUNT] });
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'not-installed') {
      throw new CannotMeasure(error.message, { cause: error });
    }
    throw error;
  }
}

function access(url: string): MqttTransportOptions {
  return { url, lab: LAB, seat: NODE, node: NODE, password: PASSWORD };
}

async function answerOf(task: LatencyTask, signal: AbortSignal): Promise<Extract<LatencyAnswer, { ok: true }>> {
  // While the broker started.
  throwIfInterrupted(signal);
  const { file } = programFile('orchestrator/paper/vote-latency-client');
  const child = fork(file, [], { env: {}, execArgv: [] });
  const msMax = START_MS_MAX + (task.warmUp + task.samples) * SAMPLE_MS_MAX;
  return new Promise((resolve, reject) => {
    const fail = (failure: Failure): void => {
      child.kill('SIGKILL');
      reject(failure);
    };
    const interrupt = (): void => fail(new Failure('interrupted', 'interrupted'));
    const late = setTimeout(
      () => fail(new Failure('environment', `votes were not all heard again within ${msMax / 1000} s`)),
      msMax,
    );
    signal.addEventListener('abort', interrupt, { once: true });
    child.once('message', (answer: LatencyAnswer) => {
      if (answer.ok) resolve(answer);
      else reject(new Failure('environment', `the way of votes was not measured: ${answer.problem}`));
    });
    child.once('exit', (code, how) => {
      clearTimeout(late);
      signal.removeEventListener('abort', interrupt);
      reject(new Failure('environment', `the client that measures votes has ended without an answer: ${how ?? code}`));
    });
    child.once('error', (error) => reject(error));
    child.send(task);
  });
}
