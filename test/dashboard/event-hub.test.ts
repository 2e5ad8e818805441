/** Events over real connections: one frame for all, no flood, nothing kept for a reader who does not read. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { monotonicMs } from '../../node/host/observations.ts';
import { TOPICS } from '../../orchestrator/dashboard/api/frame-shape.ts';
import { EventHub } from '../../orchestrator/dashboard/event-hub.ts';
import { LIMITS } from '../../orchestrator/dashboard/limits.ts';
import { LiveLab } from '../../orchestrator/dashboard/live-lab.ts';
import { newPlan } from '../../orchestrator/lab/kept-lab.ts';
import { LabEvents } from '../support/lab-page.ts';
import { eventually } from '../support/waiting.ts';

async function world(t: TestContext) {
  const live = new LiveLab(newPlan('lab', { nodes: 3, sensors: [] }), 'boot');
  let refreshes = 0;
  const hub = new EventHub({
    live,
    nowMs: monotonicMs,
    refresh: () => {
      refreshes++;
    },
  });
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    hub.add(response, [...TOPICS].sort());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    hub.close();
    server.closeAllConnections();
    server.close();
  });
  const open = (): LabEvents => {
    const events = new LabEvents(new URL(`http://127.0.0.1:${port}`), '');
    t.after(() => events.close());
    return events;
  };
  let value = 0;
  const tell = (text = 'x'): void => {
    value++;
    const line = { seq: value, t: monotonicMs(), at: 1, node: '1', event: 'sensor.tx', pub: '1', topic: text, value };
    live.observe('1', line);
  };
  return { live, hub, port, open, tell, refreshes: () => refreshes };
}

describe('events', () => {
  it('come at most four times a second, however much happens, and miss nothing that is kept', async (t) => {
    const { open, tell } = await world(t);
    const events = open();
    await events.when(({ full }) => full, 'everything, after connecting');
    const feed = setInterval(() => tell(), 1);
    t.after(() => clearInterval(feed));
    await eventually(() => events.frames.length >= 6, 'six frames');
    clearInterval(feed);
    const gaps = events.atMs.slice(2).map((at, index) => at - events.atMs[index + 1]!);
    assert.ok(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length > LIMITS.frameMs * 0.8, gaps.join(', '));
    const numbers = events.frames.flatMap(({ messages }) => messages?.tail.map(({ number }) => number) ?? []);
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      numbers,
    );
  });

  it('are made once for all readers, and none while nobody reads', async (t) => {
    const { hub, open, tell, refreshes } = await world(t);
    assert.equal(refreshes(), 0);
    const readers = Array.from({ length: 50 }, open);
    for (const reader of readers) await reader.when(({ full }) => full, 'everything');
    assert.equal(hub.readers, 50);
    assert.equal(hub.counts.fullFrames, 1);
    tell('told to all');
    for (const reader of readers)
      await reader.when(({ full, messages }) => !full && messages !== undefined, 'the message, as a change');
    // The rate of messages changes as well while time passes.
    assert.ok(hub.counts.frames < 20, `${hub.counts.frames} frames for 50 readers`);
    for (const reader of readers) reader.close();
    await eventually(() => hub.readers === 0, 'nobody reading');
    const before = refreshes();
    tell();
    await new Promise((done) => setImmediate(done));
    assert.equal(refreshes(), before);
  });

  it('do not pile up for a reader who does not read: it gets everything as it is later', async (t) => {
    const { hub, port, tell } = await world(t);
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    socket.pause();
    await eventually(() => hub.readers === 1, 'a reader');
    // More than the system's own buffers take, many times over.
    for (let round = 0; round < 1500; round++) {
      for (let message = 0; message < LIMITS.messagesPerFrame; message++) tell('y'.repeat(LIMITS.fieldCharacters));
      hub.tick();
    }
    const made = hub.counts.bytes;
    assert.ok(made > 40 * 1024 * 1024, `${made} bytes of frames`);
    const { fullFrames } = hub.counts;
    tell('the last');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.resume();
    await eventually(() => hub.counts.fullFrames > fullFrames && text.includes('the last'), 'the newest state');
    assert.ok(text.length < made / 4, `${text.length} of ${made} bytes were kept for it`);
  });
});
