/** A fitted growth is that of the points, and its interval holds the true one as often as it says. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Prng } from '../../node/simulation/prng.ts';
import { fitPowerLaw, powerAt } from '../../orchestrator/paper/power-law.ts';

const SIZES = [2, 4, 8, 16, 32, 48];
const DRAWS = 2000;

it('points on a power law are fitted exactly', () => {
  const fit = fitPowerLaw(SIZES.map((x) => ({ x, y: 3 * x ** 1.5 })))!;
  for (const [found, wanted] of [
    [fit.exponent, 1.5],
    [fit.factor, 3],
    [fit.departure, 1],
    [fit.low!, 1.5],
    [fit.high!, 1.5],
    [powerAt(fit, 100), 3000],
  ] as const)
    assert.ok(Math.abs(found - wanted) < 1e-9 * wanted, `${found}, expected ${wanted}`);
});

it('the interval of the exponent holds the true one 95 times of 100', () => {
  const prng = Prng.seeded('power-law');
  // The sum of twelve uniform draws is close to a normal distribution of variance 1.
  const normal = (): number => Array.from({ length: 12 }, () => prng.float()).reduce((sum, draw) => sum + draw, -6);
  let held = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    const { low, high } = fitPowerLaw(SIZES.map((x) => ({ x, y: 2 * x ** 0.8 * Math.exp(0.3 * normal()) })))!;
    if (low! <= 0.8 && 0.8 <= high!) held++;
  }
  assert.ok(Math.abs(held / DRAWS - 0.95) < 0.015, `${held} of ${DRAWS}`);
});

it('two points have no interval, one has no growth, and what is not above 0 is refused', () => {
  const fit = fitPowerLaw([
    { x: 1, y: 1 },
    { x: 10, y: 100 },
  ])!;
  assert.ok(Math.abs(fit.exponent - 2) < 1e-12);
  assert.deepEqual([fit.low, fit.high], [null, null]);
  assert.equal(fitPowerLaw([{ x: 8, y: 1 }]), null);
  assert.equal(
    fitPowerLaw([
      { x: 8, y: 1 },
      { x: 8, y: 2 },
    ]),
    null,
  );
  assert.equal(
    fitPowerLaw([
      { x: 8, y: 0 },
      { x: 9, y: 2 },
    ]),
    null,
  );
});
