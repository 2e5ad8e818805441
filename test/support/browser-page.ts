/**
 * The page in a real browser. Whatever the browser complains about, scripts that fail and policies that are violated among
 * it, is kept, and `assertCalm` fails with it; only requests to a lab that is away may fail.
 */
import assert from 'node:assert/strict';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { eventually } from './waiting.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];

/** What a reader of the screen says of it, more or less. */
const FOCUSED = `(() => {
  const { activeElement } = document;
  return activeElement?.getAttribute('aria-label') ?? activeElement?.labels?.[0]?.textContent ?? activeElement?.textContent ?? '';
})()`;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

export class BrowserPage {
  readonly page: Page;
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<BrowserPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
    const opened = new BrowserPage(await context.newPage());
    await opened.page.goto(url);
    return opened;
  }

  /** Presses Tab until what has the focus is called `name`, as a person without a mouse does. */
  async tabTo(name: RegExp): Promise<void> {
    for (let pressed = 0; pressed < 60; pressed++) {
      await this.page.keyboard.press('Tab');
      const focused = await this.page.evaluate<string>(FOCUSED);
      if (name.test(focused.trim())) return;
    }
    assert.fail(`nothing called ${name} is reached with Tab`);
  }

  /** Waits until the page shows it. */
  async shows(selector: string, text: RegExp, timeoutMs = 15_000): Promise<void> {
    const found = this.page.locator(selector);
    let last = '';
    await eventually(
      async () => {
        last = (await found.allTextContents()).join(' | ');
        return text.test(last);
      },
      `${selector} shows ${text}`,
      timeoutMs,
      20,
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it showed: ${last.slice(0, 500)}`);
    });
  }

  assertCalm(allowed = /^$/): void {
    assert.deepEqual(
      this.complaints.filter((text) => !allowed.test(text)),
      [],
    );
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
