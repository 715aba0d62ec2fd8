import type { ServingPlan } from "@sweetspot/crds";
import type { ModelSignature, TensorSpec } from "../model/signature.ts";

/** What clients see of a model that takes texts or encoded images. */
export interface EncodedInterface {
  /** BYTES [rows]. */
  readonly input: TensorSpec;
  /** What is made after the model, else the served outputs of the model itself. */
  readonly outputs: readonly TensorSpec[];
}

/** Null where the plan has no pipeline. Throws `Error` where it names an output that the model does not have. */
export function encodedInterface(
  { pipeline, outputs: served }: Pick<ServingPlan, "pipeline" | "outputs">,
  signature: ModelSignature,
): EncodedInterface | null {
  if (pipeline === undefined) return null;
  const name = (pipeline.text ?? pipeline.image)?.input ?? "";
  const input: TensorSpec = { name, datatype: "BYTES", shape: [-1], symbols: ["rows"] };
  const { embedding, classification } = pipeline;
  const made: TensorSpec[] = [];
  if (embedding !== undefined) {
    const dimensions = outputOf(signature, embedding.output).shape.at(-1) ?? -1;
    made.push({ name: embedding.name, datatype: "FP32", shape: [-1, dimensions], symbols: ["rows", "dimensions"] });
  }
  if (classification !== undefined) {
    outputOf(signature, classification.output);
    made.push({ name: classification.name, datatype: "BYTES", shape: [-1, -1], symbols: ["rows", "classes"] });
  }
  const own = signature.outputs.filter((output) => served?.includes(output.name) ?? true);
  return { input, outputs: made.length > 0 ? made : own };
}

/** What clients are told of: the pipeline's tensors where the plan has one, else those of the model that are served. */
export function visibleTensors(
  plan: Pick<ServingPlan, "pipeline" | "outputs">,
  signature: ModelSignature,
): Pick<ModelSignature, "inputs" | "outputs"> {
  const encoded = encodedInterface(plan, signature);
  if (encoded !== null) return { inputs: [encoded.input], outputs: encoded.outputs };
  const { inputs, outputs } = signature;
  return { inputs, outputs: outputs.filter(({ name }) => plan.outputs?.includes(name) ?? true) };
}

function outputOf({ outputs }: ModelSignature, name: string): TensorSpec {
  const output = outputs.find((each) => each.name === name);
  if (output === undefined) throw new Error(`pipeline names the unknown output ${name}`);
  return output;
}
