/** A lab watched on the terminal: each thing told once, in lines; the block for people; what is made up stays text. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Frame, LiveNode } from '../../orchestrator/dashboard/api/frame-shape.ts';
import type { RequestAnswer } from '../../orchestrator/dashboard/api/request-shape.ts';
import { LabStore } from '../../orchestrator/dashboard/page/lab-store.ts';
import { WatchNews, watchLines } from '../../orchestrator/dashboard/watch-text.ts';
import { CommandLine } from '../support/command-line.ts';
import { frame, liveNode } from '../support/live-frames.ts';
import { HOSTILE } from '../support/markup-problems.ts';

const node = (seat: string, changes: Partial<LiveNode> = {}): LiveNode => liveNode(seat, { units: 10, ...changes });

const lab = (...nodes: readonly LiveNode[]): Partial<Frame> => ({
  lab: { nodes, fabricFailure: null, messagesPerSecond: { sensor: 1.5 }, decisionsPerSecond: 0 },
});

const request = (requestId: string, changes: Partial<RequestAnswer> = {}): RequestAnswer => ({
  requestId,
  requester: '3',
  seat: '3',
  service: 'espresso',
  priceDcoins: 2,
  previousState: '0',
  newState: null,
  sentAt: 0,
  state: 'everywhere',
  quorum: 2,
  members: 3,
  receivedBy: [],
  votes: [
    { voter: '1', remainingUnits: 0, afterMs: 1 },
    { voter: '2', remainingUnits: 0, afterMs: 2 },
  ],
  commits: [],
  requesterMs: 4.2,
  allMs: 5.5,
  served: null,
  stuck: null,
  ...changes,
});

const requests = (...changed: readonly RequestAnswer[]): Partial<Frame> => ({
  requests: { changed, removed: [], latency: { requester: null, all: null } },
});

/** Frames one after another; the news after each. */
function told(...frames: readonly Partial<Frame>[]): string[][] {
  const store = new LabStore();
  const news = new WatchNews();
  return frames.map((parts) => {
    store.apply(frame(parts));
    store.linked('live');
    return news.take(store);
  });
}

const block = (store: LabStore, columns = 100, rows = 24): string[] =>
  watchLines({ store, lab: 'lab', profile: 'paper', dcoinRate: 5, columns, rows, style: (_, text) => text });

describe('the news of a lab', () => {
  it('tell each thing once, and nothing of what had happened before', () => {
    const news = told(
      {
        full: true,
        ...lab(node('1'), node('2', { state: 'crashed', detail: 'exit code 1' })),
        ...requests(request('old')),
      },
      requests(request('new', { state: 'open' })),
      requests(request('new')),
      requests(request('new')),
      lab(node('2')),
    );
    assert.deepEqual(news, [
      ['1 of 2 nodes are up', 'node 2: crashed: exit code 1'],
      [],
      ['node 3 bought espresso: 2 votes, 4.2\u00a0ms, everywhere after 5.5\u00a0ms'],
      [],
      ['node 2: up'],
    ]);
  });

  it('tell a stuck request with its class and reason', () => {
    const stuck = { reason: 'split' as const, detail: 'two Remaining', undecidedAt: ['1'] };
    const [, line] = told({ full: true, ...lab(node('1')) }, requests(request('r', { state: 'stuck', stuck })));
    assert.deepEqual(line, ['stuck: node 3 asked for espresso, 2 votes, split: two Remaining']);
  });

  it('begin anew with another start of the lab', () => {
    const [, again] = told(
      { full: true, ...lab(node('1')), ...requests(request('r')) },
      { boot: 'b', full: true, ...lab(node('1')), ...requests(request('r')) },
    );
    assert.deepEqual(again, ['1 of 1 nodes are up']);
  });
});

describe('the block on a terminal', () => {
  it('holds the nodes, the requests and what is wrong', () => {
    const store = new LabStore();
    store.apply(
      frame({
        full: true,
        ...lab(node('1'), node('2', { behaviours: ['silent'] }), node('3', { paused: true })),
        ...requests(request('r')),
      }),
    );
    const text = block(store).join('\n');
    assert.match(text, /^Lab lab, profile paper: 3 of 3 nodes up, 1\.5 messages\/s/);
    assert.match(text, /^1 +up +3\/2 +2\.0/m);
    assert.match(text, /^2 +silent/m);
    assert.match(text, /^3 +paused/m);
    assert.match(text, /node 3 bought espresso: 2 votes/);
  });

  it('fits into a small window with 48 nodes', () => {
    const store = new LabStore();
    const nodes = Array.from({ length: 48 }, (_, index) => node(String(index + 1)));
    store.apply(frame({ full: true, ...lab(...nodes) }));
    const lines = block(store, 80, 20);
    assert.ok(lines.length <= 20, `${lines.length} lines`);
    assert.match(lines.join('\n'), /more nodes, \d+ of them up/);
  });

  it('shows what is made up as text on one line', () => {
    const store = new LabStore();
    const made = node(HOSTILE, { state: 'crashed', detail: HOSTILE, behaviours: [HOSTILE] });
    store.apply(
      frame({ full: true, ...lab(made), ...requests(request('r', { service: HOSTILE, requester: HOSTILE })) }),
    );
    for (const line of block(store)) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('wallance watch', () => {
  it('follows a purchase and a killed node of a real lab, and ends with it', async () => {
    const wallance = new CommandLine();
    try {
      await wallance.ok('up', '--nodes', '3', '--no-sensors', '--http', '127.0.0.1:0');
      const child = wallance.start('watch');
      let text = '';
      const ended = new Promise<number | null>((done) => child.once('close', done));
      const until = (pattern: RegExp) =>
        new Promise<void>((done, fail) => {
          const look = (): void => {
            if (pattern.test(text)) done();
          };
          child.stdout!.on('data', look);
          child.once('close', () => fail(new Error(`ended without ${pattern}:\n${text}`)));
          look();
        });
      child.stdout!.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      await until(/3 of 3 nodes are up/);
      await wallance.ok('sample', '3', '--count', '10');
      await wallance.ok('buy', '3', 'espresso', '--wait');
      await until(/node 3 bought espresso: 2 votes, .* everywhere after/);
      await wallance.ok('stop', '2', '--kill');
      await until(/node 2: down/);
      await wallance.ok('down');
      assert.equal(await ended, 0, text);
      assert.match(text, /Lab lab has ended; its wallets are kept\.\n$/);
    } finally {
      await wallance.run('down', '--volumes');
      rmSync(wallance.home, { recursive: true, force: true });
    }
  });

  it('says why where the lab has no page, and where it does not run', async () => {
    const wallance = new CommandLine();
    try {
      await wallance.ok('up', '--nodes', '2', '--no-sensors', '--no-http');
      const without = await wallance.run('watch');
      assert.equal(without.code, 4);
      assert.match(without.stderr, /lab lab runs with --no-http/);
      await wallance.ok('down');
      const stopped = await wallance.run('watch');
      assert.equal(stopped.code, 4);
      assert.match(stopped.stderr, /lab lab is not running/);
    } finally {
      await wallance.run('down', '--volumes');
      rmSync(wallance.home, { recursive: true, force: true });
    }
  });
});
