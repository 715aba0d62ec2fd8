import type { ChecklistItem } from "@sweetspot/crds";
import { ratio as inWords } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { at, horizontal, plotFigure, rowFrame, rowMiddle, xAxis } from "./plot.ts";
import { factorScale } from "./scale.ts";
import { checklistTopics } from "./sections.ts";

/** What each item that was measured with and without gained or lost, from 1 on. Null where none was. */
export function checklistPlot(items: readonly ChecklistItem[]): Markup | null {
  const measured = items.flatMap(({ topic, outcome, ratio }) => (ratio === null ? [] : [{ topic, outcome, ratio }]));
  if (measured.length === 0) return null;
  const sorted = measured.toSorted((a, b) => b.ratio.estimate - a.ratio.estimate);
  const frame = rowFrame(sorted.length);
  const x = factorScale(
    sorted.map(({ ratio }) => ratio.estimate),
    horizontal(frame),
  );
  const clipped = (value: number) => Math.min(frame.width - frame.right, Math.max(frame.left, x.at(value)));
  const rows = sorted.map(({ topic, outcome, ratio }, index) => {
    const y = rowMiddle(frame, index);
    const [from, to] = [x.at(1), x.at(ratio.estimate)].toSorted((a, b) => a - b) as [number, number];
    const text = `${checklistTopics[topic]}: ${inWords(ratio)}`;
    return html`<text class="ink" x="${frame.left}" y="${at(y - 12)}">${text}</text>
<rect class="${outcome}" x="${at(from)}" y="${at(y - 6)}" width="${at(Math.max(1, to - from))}" height="12"><title>${text}</title></rect>
<line class="whisker" x1="${at(clipped(Math.max(1e-9, ratio.low)))}" x2="${at(clipped(ratio.high))}" y1="${at(y)}" y2="${at(y)}"/>`;
  });
  return plotFigure(
    frame,
    "Gains and losses",
    [
      xAxis(frame, x, "speed or capacity with it, over without it"),
      html`<line class="axis" x1="${at(x.at(1))}" x2="${at(x.at(1))}" y1="${frame.top}" y2="${frame.height - frame.bottom}"/>`,
      ...rows,
    ],
    {
      caption: "Right of 1 it helped. The thin line is the 95 % interval: where it holds 1, the difference is noise.",
    },
  );
}
