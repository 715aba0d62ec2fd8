import { simulatorRatios } from "@sweetspot/bench";
import { median } from "@sweetspot/planner";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

const band = { atLeast: 0.85, atMost: 1.15 };

/**
 * Cost table and simulator against reality, the recogniser and the sentence encoder, by turns: what a table says of shapes that are
 * left out of it, and predicted over measured p99 at 70 % load and capacity.
 */
export async function provePredictions(progress: Progress): Promise<ProofOutcome> {
  progress("two tunings, and rounds of half a minute each");
  const models = await simulatorRatios();
  const errors = models.flatMap(({ heldOutErrors }) => heldOutErrors.filter((error) => error !== null));
  const measures: Measure[] = [
    { name: "held-out error of the tables, median", figure: 100 * median(errors), atMost: 5, unit: "%" },
  ];
  for (const { model, capacity, p99 } of models) {
    measures.push({ name: `${model}: predicted / measured p99`, figure: median(p99), ...band });
    measures.push({ name: `${model}: predicted / measured capacity`, figure: median(capacity), ...band });
  }
  return { measures, raw: models };
}
