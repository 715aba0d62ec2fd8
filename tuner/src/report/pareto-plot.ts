import type { Candidate, TuningReport } from "@sweetspot/crds";
import { figure, percentileName } from "./format.ts";
import type { Markup } from "./markup.ts";
import { halfPage, horizontal, plotFigure, point, polyline, vertical, xAxis, yAxis } from "./plot.ts";
import { linearScale } from "./scale.ts";
import { legend, type Tone, tonesOf } from "./tone.ts";

const frame = halfPage(300);

interface Place {
  readonly candidate: Candidate;
  readonly capacity: number;
  readonly latency: number;
}

/**
 * Every candidate by what it carries and how quickly it answers at 70 % of that, with the line of those that no other one
 * beats in both. Null where nothing was predicted.
 */
export function paretoPlot(report: TuningReport): Markup | null {
  const places = report.candidates.flatMap((candidate): Place[] => {
    const { prediction, measured } = candidate;
    if (prediction === null || prediction.capacityRequestsPerSecond === 0) return [];
    const capacity = measured?.estimate ?? prediction.capacityRequestsPerSecond;
    return [{ candidate, capacity, latency: prediction.latencyAt70PercentMilliseconds }];
  });
  if (places.length < 2) return null;
  const tones = tonesOf(report);
  const x = linearScale(
    places.map(({ capacity }) => capacity),
    horizontal(frame),
  );
  const y = linearScale(
    places.map(({ latency }) => latency),
    vertical(frame),
  );
  const name = percentileName(report.question.serviceLevel.percentile);
  // The winner is drawn last, on top of all others.
  const dots = places.toSorted((a, b) => rank(a.candidate) - rank(b.candidate)).map(dot);
  const front = paretoFront(places).map(({ capacity, latency }) => [x.at(capacity), y.at(latency)] as const);
  const named = places.flatMap(({ candidate }): (readonly [Tone, string])[] => {
    const tone = tones.get(candidate.name) ?? "other";
    return tone === "other" ? [] : [[tone, candidate.name]];
  });
  return plotFigure(
    frame,
    "Capacity against latency, all candidates",
    [
      xAxis(frame, x, "requests per second under the target"),
      yAxis(frame, y, `predicted ${name} at 70 % of that, milliseconds`),
      polyline(front, "front"),
      ...dots,
    ],
    {
      key: legend(named),
      caption:
        "To the right carries more, further down answers sooner. No candidate beats those on the dotted line in both. Hollow: predicted, not raced.",
    },
  );

  function rank({ name: own, measured }: Candidate): number {
    return own === report.decision.winner ? 2 : Number(measured !== null);
  }

  function dot({ candidate, capacity, latency }: Place): Markup {
    const tone = tones.get(candidate.name) ?? "other";
    const kind = candidate.measured === null ? "void" : "dot";
    const text = `${candidate.name}: ${figure(capacity)}/s, ${figure(latency)} ms. ${candidate.summary}`;
    return point(x.at(capacity), y.at(latency), `${kind} ${tone}`, text);
  }
}

/** The places that no other one beats in both, by falling capacity. */
export function paretoFront<P extends { readonly capacity: number; readonly latency: number }>(
  places: readonly P[],
): P[] {
  let best = Number.POSITIVE_INFINITY;
  return places
    .toSorted((a, b) => b.capacity - a.capacity || a.latency - b.latency)
    .filter(({ latency }) => {
      const better = latency < best;
      if (better) best = latency;
      return better;
    });
}
