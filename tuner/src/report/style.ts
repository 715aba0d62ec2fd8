/** Tones with their colours, see `tone.ts`. */
const tones = [
  ["other", "--other"],
  ["naive", "--naive"],
  ["rival1", "--rival1"],
  ["rival0", "--rival0"],
  ["winner", "--accent"],
] as const;

/** The style sheet of the report: no external resource, light and dark, and fit to be printed. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1b2330; --soft: #5a6675; --line: #d9dee5; --panel: #f5f7fa;
  --accent: #0b62c4; --good: #12733a; --bad: #b3261e; --unsure: #8a5a00; --other: #8793a3; --naive: #5a6675;
  --rival0: #c2570c; --rival1: #7b4fb3;
  --shade0: #9ec9f2; --shade1: #71aee8; --shade2: #4890d8; --shade3: #2873bf; --shade4: #15569a; --shade5: #0a3a6e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --ink: #e6eaf0; --soft: #9aa6b5; --line: #323a46; --panel: #1b212a;
    --accent: #6cb2ff; --good: #5fd08c; --bad: #ff8a80; --unsure: #f0b955; --other: #7a8797; --naive: #aab4c0;
    --rival0: #f29d57; --rival1: #bb9cf2;
    --shade0: #2f5c8c; --shade1: #3c75b0; --shade2: #4f90d1; --shade3: #70abe6; --shade4: #97c5f3; --shade5: #c3dffb;
  }
}
@media print {
  :root {
    color-scheme: light;
    --page: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; --panel: #ffffff;
    --accent: #0b62c4; --good: #12733a; --bad: #b3261e; --unsure: #8a5a00; --other: #777777; --naive: #444444;
    --rival0: #c2570c; --rival1: #7b4fb3;
    --shade0: #9ec9f2; --shade1: #71aee8; --shade2: #4890d8; --shade3: #2873bf; --shade4: #15569a; --shade5: #0a3a6e;
  }
  figure, tr, .tile { break-inside: avoid; }
  h2 { break-after: avoid; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 20px 64px; max-width: 1000px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header p { margin: 0; color: var(--soft); }
h1 { margin: 4px 0 8px; font-size: 26px; line-height: 1.25; }
h2 { margin: 40px 0 12px; font-size: 19px; }
h3 { margin: 0 0 8px; font-size: 15px; }
.reason { font-size: 16px; max-width: 75ch; color: var(--ink); }
.note { margin: 16px 0 0; padding: 10px 14px; border-left: 4px solid var(--unsure); background: var(--panel); }
.note.bad { border-color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 24px 0 0; }
.tile { padding: 14px 16px; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); }
.tile .label { color: var(--soft); font-size: 13px; }
.tile .value { font-size: 24px; font-weight: 600; line-height: 1.3; }
.tile .detail { font-size: 13px; color: var(--soft); }
.Pass, .Gained, .Ready { color: var(--good); font-weight: 600; }
.Fail, .Lost, .Failed, .TimedOut, .OutOfMemory { color: var(--bad); font-weight: 600; }
.Inconclusive, .Warning, .NotTried { color: var(--unsure); font-weight: 600; }
.NotApplicable, .NoDifference, .Checked, .Skipped { color: var(--soft); font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 7px 10px 7px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: 13px; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: 18px; }
td small { color: var(--soft); font-size: 12.5px; }
td:first-child { min-width: 120px; }
.candidates td:first-child { min-width: 230px; }
tr.winner td:first-child { box-shadow: inset 3px 0 var(--accent); padding-left: 10px; }
tr.winner b { color: var(--accent); }
@media (max-width: 620px) {
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { padding: 10px 0; border-bottom: 1px solid var(--line); }
  th, td, td.number { padding: 1px 0; border: 0; text-align: left; white-space: normal; }
  td { display: flex; gap: 10px; }
  td br { display: none; }
  td:has(> div:empty) { display: none; }
  td:first-child { font-weight: 600; }
  td:not(:first-child)::before { content: attr(data-title); flex: 0 0 110px; color: var(--soft); font-size: 12.5px; }
  td small { margin-left: 6px; }
  td:first-child small { display: block; margin: 0; font-weight: 400; }
  tr.winner { box-shadow: inset 3px 0 var(--accent); padding-left: 10px; }
  tr.winner td:first-child { box-shadow: none; padding-left: 0; }
}
figure { margin: 0; min-width: 0; }
figcaption { color: var(--soft); font-size: 13px; margin-top: 6px; max-width: 80ch; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); gap: 28px 32px; }
.scroll + .plots { margin-top: 24px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; paint-order: stroke; stroke: var(--page); stroke-width: 3px; stroke-linejoin: round; }
svg text.on { fill: var(--page); stroke: none; }
svg text.ink { fill: var(--ink); }
svg text.limit { fill: var(--bad); }
/* The drawing shrinks with the screen, and its words must stay readable. */
@media (max-width: 520px) { svg text { font-size: 14px; } }
.grid { stroke: var(--line); stroke-width: 1; opacity: 0.6; }
.axis { stroke: var(--soft); stroke-width: 1; }
.limit { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 6 4; }
text.limit { stroke: var(--page); stroke-dasharray: none; stroke-width: 3px; }
.line { fill: none; stroke-width: 2; }
.line.naive { stroke-dasharray: 2 3; }
.pair { fill: none; stroke: var(--other); stroke-width: 1; opacity: 0.35; }
.front { fill: none; stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 1 4; stroke-linecap: round; }
.diagonal { fill: none; stroke: var(--soft); stroke-dasharray: 5 4; }
.bar { stroke-width: 9; opacity: 0.3; }
.mean { stroke-width: 2.5; }
.void { fill: var(--page); stroke-width: 1.5; }
.ring { fill: none; stroke-width: 3; }
.whisker { stroke: var(--ink); stroke-width: 1.5; }
rect.Gained { fill: var(--good); } rect.Lost { fill: var(--bad); } rect.NoDifference { fill: var(--other); }
.bar.Pass { stroke: var(--good); } .bar.Fail { stroke: var(--bad); } .bar.Inconclusive { stroke: var(--unsure); }
.dot.Pass { fill: var(--good); } .dot.Fail { fill: var(--bad); } .dot.Inconclusive { fill: var(--unsure); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 13px; overflow-wrap: anywhere; }
.legend i { display: inline-block; width: 18px; height: 4px; border-radius: 2px; margin-right: 6px; vertical-align: middle; }
${tones.map(([tone, colour]) => `.line.${tone}, .bar.${tone}, .mean.${tone}, .void.${tone}, .ring.${tone} { stroke: var(${colour}); } .dot.${tone} { fill: var(${colour}); } svg text.${tone} { fill: var(${colour}); font-weight: 600; } .legend .${tone} { background: var(${colour}); }`).join("\n")}
${Array.from({ length: 6 }, (_, index) => `.line.shade${index} { stroke: var(--shade${index}); } .dot.shade${index}, rect.shade${index} { fill: var(--shade${index}); }`).join("\n")}
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; font-size: 14px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
ul.findings { list-style: none; margin: 0; padding: 0; }
ul.findings li { display: grid; grid-template-columns: 110px 120px 1fr; gap: 12px; padding: 7px 0;
  border-bottom: 1px solid var(--line); font-size: 14px; }
@media (max-width: 520px) { ul.findings li { grid-template-columns: 1fr; gap: 0; } }
pre { overflow-x: auto; padding: 12px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--panel);
  font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
`;
