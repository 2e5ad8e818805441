/**
 * How the series of an XY plot look, so that they are told apart without colour as well: what was measured has filled
 * marks of eight forms and full lines, a model has the same forms hollow and eight kinds of dashes, what was given has
 * hollow diamonds and dotted lines. Pure.
 */
import { type Place, short } from './marks.ts';

export type XySource = 'paper' | 'model' | 'here';

type Form = (r: number) => readonly (readonly [x: number, y: number])[];

const star = (corners: number, inner: number, turn: number): Form => {
  return (r) =>
    Array.from({ length: corners * 2 }, (_, index) => {
      const angle = (Math.PI * index) / corners + turn;
      const length = index % 2 === 0 ? r * 1.4 : r * inner;
      return [length * Math.sin(angle), -length * Math.cos(angle)] as const;
    });
};
const plus: Form = (r) => {
  const [a, b] = [r * 0.42, r * 1.15];
  return [
    [-a, -b],
    [a, -b],
    [a, -a],
    [b, -a],
    [b, a],
    [a, a],
    [a, b],
    [-a, b],
    [-a, a],
    [-b, a],
    [-b, -a],
    [-a, -a],
  ];
};
const turned =
  (form: Form): Form =>
  (r) =>
    form(r).map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2] as const);
const box = (width: number, height: number): Form => {
  return (r) => [
    [-r * width, -r * height],
    [r * width, -r * height],
    [r * width, r * height],
    [-r * width, r * height],
  ];
};
const triangle = (down: number): Form => {
  return (r) => [
    [0, -1.15 * r * down],
    [1.1 * r, 0.85 * r * down],
    [-1.1 * r, 0.85 * r * down],
  ];
};
const hourglass: Form = (r) => [
  [-r, -r],
  [r, -r],
  [-r, r],
  [r, r],
];

/** `null`: a circle. */
const FORMS: readonly (Form | null)[] = [
  null,
  box(0.9, 0.9),
  triangle(1),
  plus,
  triangle(-1),
  turned(plus),
  hourglass,
  star(5, 0.55, 0),
];
const DASHES = ['7 4', '2 3', '11 3 2 3', '4 2', '14 5', '7 2 2 2 2 2', '3 6', '12 2'];
const DOTTED = ['0.1 5', '0.1 8', '0.1 4 0.1 9', '0.1 11'];
/** Inside the diamonds of further series. */
const INNER: readonly Form[] = [box(0.28, 0.28), box(0.5, 0.1), box(0.1, 0.5), turned(plus)];

/** Half the size of a mark. */
const MARK_PX = 4.2;
const DIAMOND_PX = 6;

/** `rank`: of the series among those of its source. */
export function markPath(source: XySource, rank: number, at: Place, titleHtml = ''): string {
  const title = titleHtml === '' ? '' : `<title>${titleHtml}</title>`;
  const shape = (className: string, d: string): string =>
    title === '' ? `<path class="${className}" d="${d}"/>` : `<path class="${className}" d="${d}">${title}</path>`;
  if (source === 'paper') {
    const diamond = polygon(
      [
        [0, -DIAMOND_PX],
        [DIAMOND_PX, 0],
        [0, DIAMOND_PX],
        [-DIAMOND_PX, 0],
      ],
      at,
    );
    const inner = rank === 0 ? '' : shape('xy-fill', polygon(INNER[(rank - 1) % INNER.length]!(5), at));
    return shape('xy-given', diamond) + inner;
  }
  const form = FORMS[rank % FORMS.length]!;
  return shape(source === 'here' ? 'xy-fill' : 'xy-hollow', form === null ? circle(at) : polygon(form(MARK_PX), at));
}

/** Attributes of the line of a series. */
export function dashesOf(source: XySource, rank: number): string {
  if (source === 'here') return '';
  if (source === 'model') return ` stroke-dasharray="${DASHES[rank % DASHES.length]}"`;
  return ` stroke-dasharray="${DOTTED[rank % DOTTED.length]}" stroke-linecap="round"`;
}

function circle({ x, y }: Place): string {
  const r = short(MARK_PX);
  return `M${short(x - MARK_PX)} ${short(y)}a${r} ${r} 0 1 0 ${short(2 * MARK_PX)} 0a${r} ${r} 0 1 0 ${short(-2 * MARK_PX)} 0z`;
}

function polygon(corners: readonly (readonly [number, number])[], { x, y }: Place): string {
  return `M${corners.map(([dx, dy]) => `${short(x + dx)} ${short(y + dy)}`).join('L')}z`;
}
