/** Where nodes stand round the broker: an ellipse, alternately nearer and farther where there are many. Pure. */

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  readonly places: readonly { readonly x: number; readonly y: number }[];
}

/** Units are pixels at full size. `narrow`: for a telephone, higher than wide. */
export function layOut(count: number, narrow: boolean): Layout {
  const width = narrow ? 380 : 860;
  const many = count > (narrow ? 16 : 30);
  const height = narrow ? (many ? 620 : 440) : 560;
  const radius = narrow ? (many ? 17 : 24) : many ? 20 : 27;
  const margin = radius + 10;
  const places = Array.from({ length: count }, (_, index) => {
    const angle = evenAngle(index / count, width / 2 - margin, height / 2 - margin);
    const near = many && index % 2 === 1 ? (narrow ? 0.74 : 0.8) : 1;
    return {
      x: Math.round(width / 2 + Math.sin(angle) * (width / 2 - margin) * near),
      y: Math.round(height / 2 - Math.cos(angle) * (height / 2 - margin) * near),
    };
  });
  return { width, height, radius, places };
}

const STEPS = 720;

/** Angle at which a `share` of the ellipse's outline lies behind, so that nodes stand equally far apart. */
function evenAngle(share: number, a: number, b: number): number {
  const lengths = [0];
  for (let step = 1; step <= STEPS; step++) {
    const middle = ((step - 0.5) / STEPS) * 2 * Math.PI;
    lengths.push(lengths[step - 1]! + Math.hypot(Math.cos(middle) * a, Math.sin(middle) * b));
  }
  const wanted = share * lengths[STEPS]!;
  const step = lengths.findIndex((length) => length >= wanted);
  return (Math.max(0, step) / STEPS) * 2 * Math.PI;
}
