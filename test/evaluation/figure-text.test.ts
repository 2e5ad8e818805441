import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figureText, intervalText } from '../../orchestrator/paper/report/figure-text.ts';

/** With ordinary spaces. */
const shown = (value: number, unit: string) => figureText(value, unit).replace(/[\u00a0\u202f]/g, ' ');
const around = (value: number, unit: string, low?: number, high?: number) =>
  intervalText(value, unit, low, high)?.replace(/[\u00a0\u202f]/g, ' ') ?? null;

describe('a figure', () => {
  it('has the unit that suits its size, and three significant digits', () => {
    assert.equal(shown(0.0083, 'ms'), '8.3 \u00b5s');
    assert.equal(shown(46, 'us'), '46 \u00b5s');
    assert.equal(shown(0.00081234, 'ms'), '812 ns');
    assert.equal(shown(1480, 'ms'), '1.48 s');
    assert.equal(shown(119, 's'), '119 s');
    assert.equal(shown(300, 's'), '5 min');
    assert.equal(shown(1_540_000, 'bytes'), '1.54 MB');
    assert.equal(shown(0.00042, 'J'), '420 \u00b5J');
    assert.equal(shown(1_234_567, 'hashes/s'), '1.23 million hashes/s');
  });

  it('takes the next unit where rounding reaches it', () => {
    assert.equal(shown(0.99996, 'ms'), '1 ms');
    assert.equal(shown(999.4, 'us'), '999 \u00b5s');
  });

  it('keeps whole numbers and bytes of messages as they are', () => {
    assert.equal(shown(65_536, 'nonces'), '65 536 nonces');
    assert.equal(shown(2160, 'B'), '2 160 B');
    assert.equal(shown(66_389.2, 'nonces'), '66 400 nonces');
  });

  it('is never 0 when it is not 0, however small or large', () => {
    assert.equal(shown(0, 'ms'), '0 ms');
    assert.equal(shown(0.000123, ''), '0.000123');
    assert.equal(shown(1.234e-9, ''), '1.23 \u00d7 10\u207b\u2079');
    assert.equal(shown(-4e-7, 'shares'), '-4 \u00d7 10\u207b\u2077 shares');
    assert.equal(shown(1e-9, 'ms'), '0.001 ns');
    assert.equal(shown(6.02e23, 'nonces'), '6.02 \u00d7 10\u00b2\u00b3 nonces');
    assert.equal(shown(Number.NaN, 'ms'), '\u2013');
  });

  it('leaves units alone that it does not know, also those named as parts of objects', () => {
    assert.equal(shown(5, 'constructor'), '5 constructor');
    assert.equal(shown(0.5, '%'), '0.5 %');
    assert.equal(shown(0.5, ''), '0.5');
  });
});

describe('an interval', () => {
  it('is plus or minus where it is even, both ends where it is not, in the unit of the figure', () => {
    assert.equal(around(0.0083, 'ms', 0.0081, 0.0085), '\u00b1 0.2');
    assert.equal(around(0.0083, 'ms', 0.0081, 0.0095), '[8.1, 9.5]');
    assert.equal(around(950, 'ms', 900, 1200), '[900, 1 200]');
    assert.equal(around(5, 'ms', 5, 5), '\u00b1 0');
  });

  it('is open where it has one end, and nothing where it has none', () => {
    assert.equal(around(5, 'ms', undefined, 7), '[\u2013, 7]');
    assert.equal(around(5, 'ms', 4, Number.NaN), '[4, \u2013]');
    assert.equal(around(5, 'ms'), null);
  });
});
