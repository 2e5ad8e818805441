/** Starts the page. Changes are drawn with the next picture of the screen, however many came in between. */
import { options, render } from 'preact';
import { App } from './app.tsx';
import { Feed } from './feed.ts';
import { LabStore } from './lab-store.ts';

options.debounceRendering = (draw) => {
  requestAnimationFrame(draw);
};

const store = new LabStore();
const place = document.getElementById('page');
if (place !== null) {
  place.replaceChildren();
  render(<App store={store} feed={new Feed(store)} />, place);
}
