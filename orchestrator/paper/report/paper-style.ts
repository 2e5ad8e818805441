/** What the evaluation's page has beyond the style of all reports. Cells differ by mark and form, not by colour alone. */
import { REPORT_STYLE } from '../../report/html-style.ts';
import { XY_PAGE_STYLE } from '../../report/plot/xy-style.ts';

export const PAPER_STYLE = `${REPORT_STYLE}${XY_PAGE_STYLE}
section ul{margin:6px 0;padding-left:22px}section .notes{padding-left:0}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:12px 0;font-size:.92rem}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.notice{border:1px solid var(--open);border-left-width:5px;border-radius:6px;padding:6px 12px;margin:12px 0}
.findings{padding-left:22px;margin:6px 0}.findings li{margin:4px 0;overflow-wrap:anywhere}
.finding{font-size:1.05rem;font-weight:500;border-left:4px solid var(--a);padding-left:12px}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;margin:12px 0;font-size:.88rem}
.sign{display:inline-block;min-width:1.05em;margin-right:.25em;text-align:center;font-style:normal;font-weight:400;color:var(--soft);text-decoration:none}
.here{font-weight:600}.here .sign{color:var(--a)}.here a{color:inherit;text-decoration:underline;text-decoration-color:var(--a);text-underline-offset:2px}
.model{font-style:italic}.model a{color:inherit;text-decoration:underline dashed var(--soft);text-underline-offset:3px}
.given{border:1px solid var(--rule);border-radius:4px;padding:0 5px;display:inline-block}
.missing{color:var(--soft);font-style:italic}.missing .value{border-bottom:1px dotted var(--soft)}
td small,th small{font-size:.8em;font-weight:400;font-style:normal;color:var(--soft);white-space:nowrap}
sup{font-size:.72em;line-height:0;margin-left:1px;font-style:normal;font-weight:400}
.notes{list-style:none;padding:0;margin:4px 0 18px;font-size:.84rem;color:var(--soft)}.notes li{overflow-wrap:anywhere;padding-left:1.6em;text-indent:-1.6em}
.notes .sign{text-indent:0}
.key .sign{min-width:0}
h3{margin:18px 0 4px}
.values{margin:2px 0 16px;font-size:.9rem}
figure .plot{overflow:visible}
@media (max-width:640px){.facts{grid-template-columns:1fr;gap:0}.facts dd{margin:0 0 6px}td small{display:block}}
@media print{a{color:inherit}.values{display:none}}
`;
