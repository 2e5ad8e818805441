/** Starts the page. Changes are drawn with the next picture of the screen, however many came in between. */
import { options, render } from 'preact';
import { App } from './app.tsx';
import { Feed } from './feed.ts';
import { LabStore } from './lab-store.ts';

/** Where no pictures are made, in a tab behind others, it is drawn all the same: whoever comes back sees what is. */
const HIDDEN_MS = 1000;

options.debounceRendering = (draw) => {
  const once = (): void => {
    clearTimeout(late);
    cancelAnimationFrame(frame);
    draw();
  };
  const late = setTimeout(once, HIDDEN_MS);
  const frame = requestAnimationFrame(once);
};

const store = new LabStore();
const place = document.getElementById('page');
if (place !== null) {
  place.replaceChildren();
  render(<App store={store} feed={new Feed(store)} />, place);
}
