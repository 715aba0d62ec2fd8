import { digestOf, sha256 } from "@sweetspot/crds";
import type { Tensor } from "@sweetspot/sidecar";

/** One row of input, as one request would bring it. */
export interface Sample {
  /** In the order of the model's signature; axis 0 is 1 for a batchable model. */
  readonly inputs: readonly Tensor[];
  /** Size of the variable axis, as `CostCell.length` counts it; 1 for a model of fixed shape. */
  readonly length: number;
  /** The right answer where the user gave one: a class index, or a text. */
  readonly label: string | number | null;
}

/** The inputs that a model is tuned on. At least one. */
export interface SampleSet {
  readonly samples: readonly Sample[];
  /** `Synthesised`: lengths and values are made up, so quality cannot be judged on them. */
  readonly source: "Samples" | "Synthesised";
  /** Of shapes, values and labels, in order. */
  readonly digest: string;
  /** Every sample has a label. */
  readonly labelled: boolean;
}

/** What is wrong with the user's samples and what to do; fit to be shown. */
export class SamplesError extends Error {
  override readonly name = "SamplesError";
}

/** Completes a set with what follows from its samples. */
export function sampleSet(samples: readonly Sample[], source: SampleSet["source"]): SampleSet {
  const content = samples.map(({ inputs, label }) => ({
    inputs: inputs.map(({ name, datatype, shape, data }) => ({ name, datatype, shape, data: sha256(data) })),
    label,
  }));
  return {
    samples,
    source,
    digest: digestOf(content),
    labelled: samples.length > 0 && samples.every(({ label }) => label !== null),
  };
}
