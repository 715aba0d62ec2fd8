import type { TuningReport } from "@sweetspot/crds";
import { figure, percentInterval } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { at, horizontal, plotFigure, point, rowFrame, rowMiddle, upright, xAxis } from "./plot.ts";
import { linearScale } from "./scale.ts";

/** What each judged variant loses, with its interval, against the limit. Null where none was judged. */
export function qualityPlot({ variants, question }: TuningReport): Markup | null {
  const judged = variants.flatMap(({ variant, quality }) => (quality === null ? [] : [{ variant, quality }]));
  if (judged.length === 0) return null;
  const frame = rowFrame(judged.length);
  const limit = question.quality.maximumLossBasisPoints / 100;
  // One hopeless variant must not squeeze the others into the first millimetre.
  const most = Math.max(2 * limit, ...judged.map(({ quality }) => 100 * quality.loss.estimate));
  const x = linearScale([most, limit], horizontal(frame));
  const rightmost = x.ticks.at(-1) as number;
  const place = (share: number) => x.at(Math.min(rightmost, Math.max(0, 100 * share)));
  const rows = judged.map(({ variant, quality }, index) => {
    const y = rowMiddle(frame, index);
    const { loss, verdict } = quality;
    const text = `${variant}: ${percentInterval(loss)}, ${verdict}`;
    return html`<text class="ink" x="${frame.left}" y="${at(y - 12)}">${text}</text>
<line class="bar ${verdict}" x1="${at(place(loss.low))}" x2="${at(place(loss.high))}" y1="${at(y)}" y2="${at(y)}"/>
${point(place(loss.estimate), y, `dot ${verdict}`, text)}`;
  });
  const metrics = [...new Set(judged.map(({ quality }) => quality.metric))].join(", ");
  return plotFigure(
    frame,
    "Quality lost by each variant",
    [xAxis(frame, x, `% lost by ${metrics}`), upright(frame, x.at(limit), `limit ${figure(limit)} %`), ...rows],
    {
      caption: "The bar is the 95 % interval: a variant may win when all of it lies left of the limit.",
    },
  );
}
