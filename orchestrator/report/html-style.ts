/**
 * Style sheet of the report: light, dark and print, from 390 px up. The series have the blue and vermillion of Okabe and
 * Ito's palette, which all kinds of colour vision tell apart; nothing is said by colour alone.
 */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--ink:#1b2127;--soft:#55606b;--paper:#fff;--card:#f5f7f9;--rule:#d5dbe1;--grid:#e3e8ec;
--a:#0072b2;--b:#c04e00;--shade:#f0a94a66;--band:#8a6fb01f;--edge:#7a5ca8;--good:#00684e;--bad:#b3261e;--open:#7a5400}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#a3adb8;--paper:#14181d;--card:#1d232a;--rule:#39424c;--grid:#2a323a;
--a:#5fb4ec;--b:#ff9650;--shade:#f0a94a59;--band:#b79be026;--edge:#b79be0;--good:#5fd0aa;--bad:#ff8f85;--open:#f0c060}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main,header{max-width:1120px;margin:0 auto;padding:0 20px}
h1{font-size:1.55rem;line-height:1.25;margin:28px 0 4px;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:44px 0 10px;padding-top:10px;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:0 0 4px;overflow-wrap:anywhere}
h4{font-size:.92rem;margin:14px 0 4px}
p{margin:6px 0;overflow-wrap:anywhere}
a{color:var(--a)}
.soft,figcaption,.caption{color:var(--soft);font-size:.88rem}
code,pre{font:.86em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:10px 12px;margin:8px 0;white-space:pre-wrap}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 16px;padding:0;margin:16px 0 0;font-size:.92rem}
.verdict{border:2px solid currentColor;border-radius:8px;padding:10px 14px;margin:14px 0}
.verdict strong{font-size:1.15rem}.verdict ul{margin:6px 0 0;padding-left:22px;color:var(--ink)}.verdict li{overflow-wrap:anywhere}
.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px;padding:0;margin:16px 0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 12px}
.tiles b{display:block;font-size:1.2rem;font-variant-numeric:tabular-nums;font-weight:600}
.tiles span{color:var(--soft);font-size:.84rem}
.check{border:1px solid var(--rule);border-left:5px solid var(--rule);border-radius:6px;padding:10px 14px;margin:10px 0;background:var(--card)}
.check.bad{color:inherit;border-left-color:var(--bad)}.check.open{color:inherit;border-left-color:var(--open)}.check.good{color:inherit;border-left-color:var(--good)}
.check .state{font-weight:600}
.check.bad .state{color:var(--bad)}.check.open .state{color:var(--open)}.check.good .state{color:var(--good)}
.scroll{overflow-x:auto;margin:8px 0}
.scroll:focus-visible{outline:2px solid var(--a)}
table{border-collapse:collapse;font-size:.9rem;min-width:100%}
.caption{margin:12px 0 0}
.caption+.scroll{margin-top:2px}
th,td{padding:5px 10px;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top}
th{font-weight:600;white-space:nowrap}tbody th{font-weight:500;white-space:normal;overflow-wrap:anywhere;min-width:60px}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.wide{min-width:260px;overflow-wrap:anywhere}td.word{white-space:nowrap}td.w{overflow-wrap:anywhere;min-width:90px}
details summary{cursor:pointer;color:var(--a);margin:6px 0}
figure{margin:14px 0}figcaption{margin:0 0 4px}
.plot{display:block;max-width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.narrow{display:none}
.grid{stroke:var(--grid);stroke-width:1;fill:none}.axis{stroke:var(--soft);stroke-width:1;fill:none}
.label{fill:var(--soft)}.middle{text-anchor:middle}.end{text-anchor:end}.strong{fill:var(--ink);font-weight:600}
.halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round;fill:var(--ink)}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.line.series-a{stroke:var(--a)}.line.series-b{stroke:var(--b);stroke-dasharray:6 3}
.bar.series-a{fill:var(--a)}.bar.series-b{fill:var(--b)}
.dot{stroke-width:4.5;stroke-linecap:round;fill:none;stroke:var(--a);opacity:.75}
.point{stroke:var(--paper);stroke-width:1.5}.point.series-a{fill:var(--a)}.point.series-b{fill:var(--b)}
.spread{fill:var(--shade);stroke:var(--b);stroke-width:.8}
.band{fill:var(--band)}.band-edge{stroke:var(--edge);stroke-width:1;stroke-dasharray:3 3;fill:none}
.mark{fill:var(--edge);opacity:.55}.applied{fill:var(--edge)}.asked{fill:none;stroke:var(--edge);stroke-dasharray:3 2}
.tickmark{stroke:var(--ink);stroke-width:2;fill:none}
.void{fill:none;stroke:var(--rule);stroke-dasharray:4 4}
.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(160px,1fr));gap:10px 14px;padding:0;list-style:none;margin:10px 0}
.small .plot{width:100%}.small p{margin:0;font-size:.86rem}
.diagram{background:#fff;border:1px solid var(--rule);border-radius:6px;padding:6px}.diagram img{display:block;color-scheme:light;max-width:none}
footer{max-width:1120px;margin:40px auto 24px;padding:10px 20px 0;color:var(--soft);font-size:.85rem}
@media (max-width:640px){main,header,footer{padding-left:16px;padding-right:16px}.wide-plot{display:none}.narrow{display:block}
h1{font-size:1.3rem}th,td{padding:5px 8px}tbody th{min-width:108px}td.wide{min-width:190px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--card:#fff;--rule:#bbb;--grid:#ddd;--a:#0072b2;--b:#c04e00;--shade:#f0a94a66;--band:#8a6fb01f;--edge:#7a5ca8;--good:#00684e;--bad:#b3261e;--open:#7a5400;color-scheme:light}
body{font-size:11pt}nav{display:none}.check,figure,tr,.tiles,.small li{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}
.wide-plot{display:block}.narrow{display:none}table{font-size:8pt}}
`;
