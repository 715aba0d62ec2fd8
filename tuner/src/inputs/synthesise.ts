import { normal, type Random } from "@sweetspot/planner";
import { type ModelSignature, requestShaper, synthesiseRow } from "@sweetspot/sidecar";
import { type SampleSet, sampleSet } from "./sample.ts";

const meanTokens = 32;
const mostTokens = 128;
/** Deviation of the logarithm of the length: nine texts of ten lie within a factor of 3.2 around the median. */
const spread = 0.7;
const widths = [96, 128, 160, 192, 224, 256, 288, 320] as const;

/**
 * Inputs for a model whose user gave none: values within the model's bounds, lengths spread as texts are (log-normal,
 * mean 32, at most 128), or as pictures of lines are (96 to 320 in steps of 32) where the variable axis belongs to a
 * floating-point input. Good for timing, not for judging quality. The same for the same seed.
 */
export function synthesise(signature: ModelSignature, count: number, random: Random): SampleSet {
  const shapeOf = requestShaper(signature, undefined);
  const draw = lengthsFor(signature);
  const samples = Array.from({ length: count }, () => {
    const inputs = synthesiseRow(signature, draw(random), random);
    return { inputs, length: shapeOf(inputs).length, label: null };
  });
  return sampleSet(samples, "Synthesised");
}

function lengthsFor({ inputs, variableAxis }: ModelSignature): (random: Random) => number {
  const names = new Set((variableAxis ?? []).map(({ name }) => name));
  const stretched = inputs.filter(({ name, shape }) => names.has(name) || (names.size === 0 && shape.includes(-1, 1)));
  if (stretched.length === 0) return () => 1;
  return stretched.some(({ datatype }) => datatype.startsWith("FP")) ? drawWidth : drawTokens;
}

const drawWidth = (random: Random): number => widths[Math.floor(random() * widths.length)] ?? widths[0];

function drawTokens(random: Random): number {
  // The mean of a log-normal is exp(mu + sigma^2 / 2).
  const logarithm = Math.log(meanTokens) - spread ** 2 / 2 + spread * normal(random);
  return Math.min(mostTokens, Math.max(1, Math.round(Math.exp(logarithm))));
}
