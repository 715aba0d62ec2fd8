import type { Candidate } from "@sweetspot/crds";
import { figure, interval } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import {
  at,
  type Frame,
  halfPage,
  horizontal,
  plotFigure,
  point,
  polyline,
  rowFrame,
  rowMiddle,
  vertical,
  xAxis,
  yAxis,
} from "./plot.ts";
import { linearScale, type Scale } from "./scale.ts";
import type { Tone } from "./tone.ts";

/**
 * One line per candidate, one point per round: what a round found for all of them is joined, so that a machine that
 * was slow for everybody is told from a candidate that is slow. Null where there was no race.
 */
export function racePlot(candidates: readonly Candidate[], tones: ReadonlyMap<string, Tone>): Markup | null {
  const raced = candidates.filter((candidate) => candidate.rounds.length > 0);
  if (raced.length === 0) return null;
  const frame = rowFrame(raced.length);
  const capacities = raced.flatMap(({ rounds, measured }) => [
    ...rounds.map((round) => round.capacityRequestsPerSecond),
    measured?.high ?? 0,
  ]);
  const x = linearScale(capacities, horizontal(frame));
  const rows = raced.map((candidate, index) =>
    candidateRow(candidate, {
      x,
      y: rowMiddle(frame, index),
      left: frame.left,
      tone: tones.get(candidate.name) ?? "other",
    }),
  );
  return plotFigure(
    frame,
    "Capacity in the race",
    [xAxis(frame, x, "requests per second under the target"), ...pairs(raced, frame, x), ...rows],
    {
      caption:
        "One point per round through the real server; thin lines join the candidates of one round. The bar is the mean with its 95 % interval. Hollow points are void: the machine was disturbed.",
    },
  );
}

interface Row {
  readonly x: Scale;
  readonly y: number;
  readonly left: number;
  readonly tone: Tone;
}

function candidateRow({ name, measured, rounds, summary }: Candidate, { x, y, left, tone }: Row): Markup {
  const points = rounds.map((round) =>
    point(
      x.at(round.capacityRequestsPerSecond),
      y,
      `${round.void ? "void" : "dot"} ${tone}`,
      `round ${round.round}: ${figure(round.capacityRequestsPerSecond)}/s${round.void ? ", void" : ""}`,
    ),
  );
  const bar = measured === null ? null : intervalBar(measured, x, y, tone);
  const mean = measured === null ? "" : `: ${interval(measured)}/s`;
  return html`${bar}${points}<text class="${tone}" x="${left}" y="${at(y - 14)}">${shortened(name)}${mean}<title>${name}${mean}, ${summary}</title></text>`;
}

/** As many characters as leave room for the figures. */
const shortened = (text: string): string => (text.length > 32 ? `${text.slice(0, 31)}\u2026` : text);

function intervalBar({ estimate, low, high }: NonNullable<Candidate["measured"]>, x: Scale, y: number, tone: Tone) {
  const middle = at(x.at(estimate));
  return html`<line class="bar ${tone}" x1="${at(x.at(low))}" x2="${at(x.at(high))}" y1="${at(y)}" y2="${at(y)}"/>
<line class="mean ${tone}" x1="${middle}" x2="${middle}" y1="${at(y - 9)}" y2="${at(y + 9)}"/>`;
}

/** The joining lines of the rounds that count. */
function pairs(raced: readonly Candidate[], frame: Frame, x: Scale): Markup[] {
  const numbers = new Set(raced.flatMap(({ rounds }) => rounds.map(({ round }) => round)));
  return [...numbers].map((number) => {
    const points = raced.flatMap(({ rounds }, index) => {
      const found = rounds.find(({ round }) => round === number);
      if (found === undefined || found.void) return [];
      return [[x.at(found.capacityRequestsPerSecond), rowMiddle(frame, index)] as const];
    });
    return polyline(points, "pair");
  });
}

const square = halfPage(360);

/** Capacity as the simulator predicted it against the race; null when nothing was both predicted and raced. */
export function predictionPlot(candidates: readonly Candidate[], tones: ReadonlyMap<string, Tone>): Markup | null {
  const both = candidates.flatMap(({ name, prediction, measured }) =>
    prediction === null || measured === null
      ? []
      : [{ name, predicted: prediction.capacityRequestsPerSecond, measured }],
  );
  if (both.length === 0) return null;
  const values = both.flatMap(({ predicted, measured }) => [predicted, measured.high]);
  const x = linearScale(values, horizontal(square));
  const y = linearScale(values, vertical(square));
  const top = x.ticks.at(-1) ?? 0;
  const points = both.map(({ name, predicted, measured }) => {
    const kind = tones.get(name) ?? "other";
    // Names go to the side where there is room for them.
    const anchor = predicted > top / 2 ? { dx: -9, side: "end" } : { dx: 9, side: "start" };
    const text = `${name}: predicted ${figure(predicted)}/s, measured ${interval(measured)}/s`;
    const [cx, low, high] = [at(x.at(predicted)), at(y.at(measured.low)), at(y.at(measured.high))];
    return html`<line class="bar ${kind}" x1="${cx}" x2="${cx}" y1="${low}" y2="${high}"/>
${point(x.at(predicted), y.at(measured.estimate), `dot ${kind}`, text)}
<text class="${kind}" x="${at(x.at(predicted) + anchor.dx)}" y="${at(y.at(measured.estimate) + 4)}"
 text-anchor="${anchor.side}">${name}</text>`;
  });
  return plotFigure(
    square,
    "Predicted against measured capacity",
    [
      xAxis(square, x, "predicted requests per second"),
      yAxis(square, y, "measured requests per second"),
      polyline(
        [
          [x.at(0), y.at(0)],
          [x.at(top), y.at(top)],
        ],
        "diagonal",
      ),
      ...points,
    ],
    { caption: "On the diagonal the simulator was right; below it, it promised too much." },
  );
}
