import { seededRandom } from "@sweetspot/planner";
import type { Tensor } from "@sweetspot/sidecar";
import { describe, expect, it } from "vitest";
import type { Sample } from "../inputs/sample.ts";
import { type Batching, compareReadings, mixedBatches, readAlone, readBatched } from "./collect.ts";
import { numbersOf } from "./numbers.ts";

const vector = (values: readonly number[], rows = 1): Tensor => ({
  name: "x",
  datatype: "FP32",
  shape: [rows, values.length / rows],
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const samples: Sample[] = Array.from({ length: 11 }, (_, index) => ({
  inputs: [vector([1, index])],
  length: index % 2,
  label: null,
}));
const batching: Batching = {
  rows: 3,
  groupOf: ({ length }) => String(length),
  assemble: (batch) => [
    vector(
      batch.flatMap(({ inputs }) => Array.from(numbersOf(inputs[0]!))),
      batch.length,
    ),
  ],
  split: ([output], batch) =>
    batch.map((_, row) => [vector(Array.from(numbersOf(output!)).slice(2 * row, 2 * row + 2))]),
  random: seededRandom(1),
};
const identity = async (inputs: readonly Tensor[]) => inputs;

describe("batches of samples", () => {
  it("hold every sample once, at most so many rows, and only one group", () => {
    const batches = mixedBatches(samples, batching);
    expect(new Set(batches.flat())).toEqual(new Set(samples));
    expect(batches.flat()).toHaveLength(samples.length);
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(3);
      expect(new Set(batch.map(({ length }) => length)).size).toBe(1);
    }
  });

  it("mix the samples", () => {
    const order = mixedBatches(samples, { ...batching, groupOf: () => "", rows: 100 })[0];
    expect(order).not.toEqual(samples);
  });
});

describe("readings", () => {
  it("of batches come back in the order of the samples", async () => {
    const [alone, batched] = [
      await readAlone("CosineSimilarity", identity, samples),
      await readBatched("CosineSimilarity", identity, samples, batching),
    ];
    expect(batched).toEqual(alone);
    expect(compareReadings("CosineSimilarity", samples, alone, batched).every(({ lost }) => lost < 1e-12)).toBe(true);
  });

  it("show what a model loses only when others share its batch", async () => {
    const leaky = async ([x]: readonly Tensor[]) => {
      const numbers = Array.from(numbersOf(x!));
      return [vector(x!.shape[0] === 1 ? numbers : numbers.map(() => 1), x!.shape[0] as number)];
    };
    const losses = compareReadings(
      "CosineSimilarity",
      samples,
      await readAlone("CosineSimilarity", leaky, samples),
      await readBatched("CosineSimilarity", leaky, samples, batching),
    );
    expect(Math.max(...losses.map(({ lost }) => lost))).toBeGreaterThan(0.1);
  });
});
