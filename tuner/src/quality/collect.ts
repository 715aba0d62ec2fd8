import type { QualityMetric } from "@sweetspot/crds";
import type { Random } from "@sweetspot/planner";
import type { Tensor } from "@sweetspot/sidecar";
import type { Sample } from "../inputs/sample.ts";
import { lossOf, type SampleLoss } from "./metrics.ts";
import { type Reading, readOutputs } from "./reading.ts";

/** Runs a model once. Errors pass through. */
export type RunModel = (inputs: readonly Tensor[]) => Promise<readonly Tensor[]>;

/** How samples share a run, as they would in the server. */
export interface Batching {
  /** Samples of one run at most. */
  readonly rows: number;
  /** Samples share a run only where this is equal (the sidecar's `requestShaper(...).group`). */
  readonly groupOf: (sample: Sample) => string;
  /** One set of inputs, filled up to the longest (the sidecar's `assembleBatch`). */
  readonly assemble: (samples: readonly Sample[]) => readonly Tensor[];
  /** One set of outputs per sample, trimmed back (the sidecar's `splitOutputs`). */
  readonly split: (outputs: readonly Tensor[], samples: readonly Sample[]) => readonly (readonly Tensor[])[];
  /** Decides who meets whom. */
  readonly random: Random;
}

/** Reads the outputs of every sample run alone: the reference. In the samples' order. */
export async function readAlone(metric: QualityMetric, run: RunModel, samples: readonly Sample[]): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (const { inputs } of samples) readings.push(readOutputs(metric, await run(inputs)));
  return readings;
}

/**
 * Reads the outputs of every sample under batching: long and short ones together, because dynamic INT8 takes the range
 * of its activations from the whole batch, padding included. In the samples' order.
 */
export async function readBatched(
  metric: QualityMetric,
  run: RunModel,
  samples: readonly Sample[],
  batching: Batching,
): Promise<Reading[]> {
  const readings = new Map<Sample, Reading>();
  for (const batch of mixedBatches(samples, batching)) {
    const outputs = batching.split(await run(batching.assemble(batch)), batch);
    for (const [index, sample] of batch.entries()) readings.set(sample, readOutputs(metric, outputs[index] ?? []));
  }
  return samples.map((sample) => readings.get(sample) as Reading);
}

/** Shuffles the samples, and cuts those of each group into batches. */
export function mixedBatches(samples: readonly Sample[], { rows, groupOf, random }: Batching): Sample[][] {
  const groups = Map.groupBy(shuffled(samples, random), groupOf);
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / rows) }, (_, index) => group.slice(index * rows, (index + 1) * rows)),
  );
}

/** Fisher and Yates' shuffle. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

/** The loss of each sample. All three lists are in the same order. */
export const compareReadings = (
  metric: QualityMetric,
  samples: readonly Sample[],
  reference: readonly Reading[],
  variant: readonly Reading[],
): SampleLoss[] =>
  samples.map(({ label }, index) => lossOf(metric, reference[index] as Reading, variant[index] as Reading, label));
