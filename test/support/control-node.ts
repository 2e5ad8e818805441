/** Program: a node's control link and nothing else. argv: url, lab, seat, password. Killed by its test. */
import { ControlLink } from '../../node/host/control-link.ts';
import { statusOf } from './control-status.ts';

const [url, lab, seat, password] = process.argv.slice(2) as [string, string, string, string];
const link = new ControlLink({
  url,
  lab,
  seat,
  password,
  status: { ...statusOf(seat, 'ready'), pid: process.pid },
  onOrder: () => {},
  onSample: () => {},
  onReportRequest: () => {},
});
link.open();
