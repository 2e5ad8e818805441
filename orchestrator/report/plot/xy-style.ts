/**
 * Colours and rules of XY plots, for pages (as custom properties, so that light, dark and print each have theirs) and for
 * pictures that stand alone (as literal colours, since what shows pictures does not always know custom properties). The
 * colours keep a contrast of 3:1 at least with their ground; marks and dashes say the same without colour.
 */

type Colours = Readonly<Record<'ink' | 'soft' | 'paper' | 'grid', string>> & {
  /** By number of the series. */
  readonly series: readonly string[];
};

const LIGHT: Colours = {
  ink: '#1b2127',
  soft: '#55606b',
  paper: '#ffffff',
  grid: '#e3e8ec',
  series: ['#0072b2', '#c04e00', '#00785a', '#a13a86', '#7d6200', '#3f57c4', '#b3261e', '#4b5560'],
};
const DARK: Colours = {
  ink: '#e4e8ec',
  soft: '#a3adb8',
  paper: '#14181d',
  grid: '#2a323a',
  series: ['#5fb4ec', '#ff9650', '#5fd0aa', '#e79ad2', '#e3c14f', '#a3b3ff', '#ff8f85', '#c3ccd5'],
};

/** Series with colours of their own; further ones begin again. */
export const XY_COLOURS = LIGHT.series.length;

const FONT = '12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif';
const FORMS = `.xy-fill{fill:currentColor}.xy-hollow,.xy-given{stroke:currentColor;stroke-width:1.8}.xy-given{fill:none}
.xy-line,.xy-bar{fill:none;stroke:currentColor;stroke-linejoin:round}.xy-line{stroke-width:1.8}.xy-bar{stroke-width:1.3}`;

const seriesColours = ({ series }: Colours): string =>
  series.map((colour, index) => `.xy${index}{color:${colour}}`).join('');

/** Besides the page's own style sheet, which has what all plots share. */
export const XY_PAGE_STYLE = `
${seriesColours(LIGHT)}
@media screen and (prefers-color-scheme:dark){${seriesColours(DARK)}}
${FORMS}.xy-fill{stroke:var(--paper);stroke-width:1}.xy-hollow{fill:var(--paper)}
`;

const ground = ({ ink, soft, paper, grid }: Colours): string =>
  `.ground{fill:${paper}}.heading{fill:${ink}}.label{fill:${soft}}.grid{stroke:${grid}}.axis{stroke:${soft}}.void{stroke:${grid}}.xy-fill{stroke:${paper}}.xy-hollow{fill:${paper}}`;

/** Everything a picture needs that stands alone. */
export const XY_PICTURE_STYLE = `
text{font:${FONT}}.heading{font-size:14px;font-weight:600}.middle{text-anchor:middle}.end{text-anchor:end}
.grid,.axis,.void{stroke-width:1;fill:none}.void{stroke-dasharray:4 4}
${FORMS}.xy-fill{stroke-width:1}
${ground(LIGHT)}${seriesColours(LIGHT)}
@media (prefers-color-scheme:dark){${ground(DARK)}${seriesColours(DARK)}}
`;
