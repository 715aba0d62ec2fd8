import type { TuningReport } from "@sweetspot/crds";
import { figure, interval, milliseconds, percentileName } from "./format.ts";
import { latencyCurves } from "./latency-curves.ts";
import { html, type Markup } from "./markup.ts";
import { at, halfPage, horizontal, level, plotFigure, point, polyline, vertical, xAxis, yAxis } from "./plot.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { legend, type Tone, tonesOf } from "./tone.ts";

/** How far above the target the plotFigure reaches. */
const headroom = 3;
const frame = halfPage(300);

interface Axes {
  readonly x: Scale;
  readonly y: Scale;
}

/**
 * Latency at the target's percentile against the offered rate: what the simulator predicts of each raced candidate, what
 * the race measured on the line of the target, and the confirming run. Null where nothing was predicted.
 */
export function latencyPlot(report: TuningReport): Markup | null {
  const curves = latencyCurves(report);
  if (curves.length === 0) return null;
  const { decision, question } = report;
  const { latencyMilliseconds: target, percentile } = question.serviceLevel;
  const name = percentileName(percentile);
  const top = headroom * target;
  const shown = curves.map(({ candidate, points }) => ({ candidate, points: below(points, top) }));
  const capacities = curves.map(({ candidate }) => candidate.measured?.estimate ?? 0);
  const offered = decision.confirmation?.offeredRequestsPerSecond ?? 0;
  const rates = shown.flatMap(({ points }) => points.map(([rate]) => rate));
  const latencies = shown.flatMap(({ points }) => points.map(([, latency]) => latency));
  const confirmed = decision.confirmation?.latencyMilliseconds ?? target;
  const x = linearScale([...rates, ...capacities, offered], horizontal(frame));
  const y = logScale([...latencies, target, top / 1.15, Math.min(top, confirmed)], vertical(frame));
  const tones = tonesOf(report);
  const tone = (candidate: string): Tone => tones.get(candidate) ?? "other";
  const content = [
    xAxis(frame, x, "requests per second"),
    yAxis(frame, y, `${name} latency, milliseconds`),
    level(frame, y.at(target), `target ${milliseconds(target)}`),
    ...shown.map(({ candidate, points }) =>
      polyline(
        points.map(([rate, latency]) => [x.at(rate), y.at(latency)]),
        `line ${tone(candidate.name)}`,
      ),
    ),
    ...curves.map(({ candidate }) => capacityMark(candidate, target, { x, y }, tone(candidate.name))),
    confirmedPoint(report, { x, y }, top),
  ];
  const ring = decision.confirmation === null ? "" : " Ring: the confirming run of the winner.";
  return plotFigure(frame, `${name} latency against the offered rate`, content, {
    key: legend(shown.map(({ candidate }) => [tone(candidate.name), candidate.name])),
    caption: `Lines: as the simulator predicts it from the measured cost table. Dots on the line of the target: the capacity that the race measured.${ring}`,
  });
}

/** The part of a curve that lies below a latency, with the point where it leaves. */
function below(points: readonly (readonly [number, number])[], top: number): (readonly [number, number])[] {
  const inside = points.filter(([, latency]) => latency <= top);
  const beyond = points.find(([, latency]) => latency > top);
  const last = inside.at(-1);
  if (beyond === undefined || last === undefined) return inside;
  const share = Math.log(top / last[1]) / Math.log(beyond[1] / last[1]);
  return [...inside, [last[0] + share * (beyond[0] - last[0]), top]];
}

function capacityMark(
  { name, measured }: TuningReport["candidates"][number],
  target: number,
  { x, y }: Axes,
  tone: Tone,
) {
  if (measured === null) return null;
  return point(x.at(measured.estimate), y.at(target), `dot ${tone}`, `${name}: measured ${interval(measured)}/s`);
}

function confirmedPoint({ decision }: TuningReport, { x, y }: Axes, top: number): Markup | null {
  if (decision.confirmation === null) return null;
  const { offeredRequestsPerSecond: rate, latencyMilliseconds: latency, verdict } = decision.confirmation;
  const [cx, cy] = [x.at(rate), y.at(Math.min(top, latency))];
  const label = `confirmed: ${milliseconds(latency)}`;
  // The label goes to the side where there is room for it.
  const [dx, side] = cx > frame.width / 2 ? [-10, "end"] : [10, "start"];
  return html`<circle class="ring winner" cx="${at(cx)}" cy="${at(cy)}" r="6"><title>${label} at ${figure(rate)}/s,
${verdict.requests} requests, ${verdict.result}</title></circle>
<text class="winner" x="${at(cx + dx)}" y="${at(cy + 15)}" text-anchor="${side}">${label}</text>`;
}
