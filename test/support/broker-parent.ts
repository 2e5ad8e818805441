/** Program: starts a broker in a process of its own, says which, and waits to be killed. */
import { BrokerProcess } from '../../orchestrator/fabric/broker-process.ts';

const broker = await BrokerProcess.start({ kind: 'fabric', lab: 'orphan', accounts: [] });
process.stdout.write(`${broker.pid}\n`);
