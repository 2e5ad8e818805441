import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeMarkup, terminalPicture } from '../../orchestrator/report/picture.ts';

test('what a program prints stays text in the picture', () => {
  const picture = terminalPicture(escapeMarkup('x "<y>"'), ['<script>alert(1)</script>', "a & 'b'", 'z'.repeat(500)]);
  assert.doesNotMatch(picture, /<script|<y>/);
  assert.match(picture, /&#60;script&#62;/);
  assert.match(picture, /aria-label="x &#34;&#60;y&#62;&#34;"/);
  assert.doesNotMatch(picture, /z{200}/);
});
