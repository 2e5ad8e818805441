/** `wallance watch`: a running lab on the terminal, as its page shows it in a browser. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { Topic } from '../dashboard/api/frame-shape.ts';
import { Failure } from '../failure.ts';
import { askLab, tryLab } from '../lab/ask-lab.ts';
import type { LabSummary } from '../lab/lab-commands.ts';
import type { LabDirectory } from '../lab/lab-directory.ts';
import { existingLab, LAB_FLAG, labOption } from './lab-flags.ts';

const TOPICS: readonly Topic[] = ['lab', 'wallets', 'requests', 'faults'];
const AGAIN_MS = 500;

export const watchCommand = defineCommand({
  name: 'watch',
  summary: 'See a running lab on the terminal: its nodes and the last decisions',
  flags: { lab: LAB_FLAG },
  examples: ['wallance watch', 'wallance up && wallance watch'],
  details: [
    'A table that is redrawn on a terminal, a line for each thing that happens elsewhere. Ctrl-C leaves; the lab stays. Ends by itself when the lab ends.',
    'It reads what the lab’s page reads: a lab that was started with --no-http cannot be watched.',
  ],
  perform: async ({ terminal, home, signal }, { flags }) => {
    const { directory } = existingLab(home, flags.lab);
    await watchLab(directory, terminal, signal);
    return EXIT.pass;
  },
});

/** Until the lab ends or `signal` is aborted. Throws a Failure where it does not run or has no page. */
export async function watchLab(directory: LabDirectory, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const [{ readFrames }, { LabStore }, { WatchNews, watchLines }] = await Promise.all([
    import('../dashboard/event-reader.ts'),
    import('../dashboard/page/lab-store.ts'),
    import('../dashboard/watch-text.ts'),
  ]);
  let { plan, dashboardUrl } = await askLab<LabSummary>(directory, { kind: 'hello' }, { signal });
  const store = new LabStore();
  const news = new WatchNews();
  const show = (): void => {
    if (terminal.interactive)
      terminal.live(
        watchLines({
          store,
          lab: plan.lab,
          profile: plan.profile,
          dcoinRate: plan.parameters.dcoinRate,
          columns: terminal.columns - 1,
          rows: terminal.rows - 1,
          style: (style, text) => terminal.style(style, text),
        }),
      );
    else for (const text of news.take(store)) terminal.line(`${new Date().toISOString().slice(11, 19)}  ${text}`);
  };
  while (!signal.aborted) {
    if (dashboardUrl === null)
      throw new Failure(
        'environment',
        `lab ${plan.lab} runs with --no-http: wallance status${labOption(plan.lab)} shows it once`,
      );
    try {
      for await (const frame of readFrames(dashboardUrl, TOPICS, signal)) {
        store.apply(frame);
        store.linked('live');
        show();
      }
    } catch (error) {
      if (signal.aborted) break;
      // Not reached, or gone in the middle: it may be back in a moment. Anything else is a bug.
      if (!(error instanceof TypeError || (error as { name?: unknown }).name === 'AbortError')) throw error;
    }
    const running = await tryLab<LabSummary>(directory, { kind: 'hello' }, { signal }).catch(() => null);
    if (running === null) {
      terminal.keepLive();
      if (!signal.aborted) terminal.line(`Lab ${plan.lab} has ended; its wallets are kept.`);
      return;
    }
    ({ plan, dashboardUrl } = running.result);
    store.linked('lost');
    show();
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
  terminal.keepLive();
}
