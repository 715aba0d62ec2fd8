import type { Datatype, ServingPlan } from "@sweetspot/crds";
import type { ModelSignature } from "../../model/signature.ts";
import { encodedInterface } from "../../pipeline/encoded-schema.ts";

/** What one input must look like, looked up once per plan so that requests cost no searching. */
export interface InputRule {
  /** Position in the signature, and so in `InferRequest.inputs`. */
  readonly index: number;
  readonly name: string;
  readonly datatype: Datatype;
  /** Sizes; -1 where any size from 1 is taken. */
  readonly shape: readonly number[];
  /** Inclusive bounds of an integer input; null where any value of the type is taken. */
  readonly bounds: { readonly minimum: number; readonly maximum: number } | null;
}

/** One axis of one input that must be as large as the others of its set. */
interface SizedAxis {
  readonly rule: InputRule;
  readonly axis: number;
}

/** All that a request is checked against. */
export interface RequestSchema {
  readonly inputs: readonly InputRule[];
  readonly byName: ReadonlyMap<string, InputRule>;
  /** Served outputs, in the order in which they are answered. */
  readonly outputs: readonly string[];
  /** The same model for texts or encoded images instead of tensors; null where the plan has no pipeline. */
  readonly encoded: RequestSchema | null;
  /** Axes that must be equal within one request: the rows of all inputs, and the model's one variable axis. */
  readonly equalAxes: readonly { readonly what: string; readonly axes: readonly SizedAxis[] }[];
}

/** Compiles signature and plan into a request schema. Throws `Error` if the plan names an unknown input or output. */
export function requestSchema(
  signature: ModelSignature,
  plan: Pick<ServingPlan, "outputs" | "inputBounds" | "pipeline">,
): RequestSchema {
  const bounds = new Map(plan.inputBounds.map((entry) => [entry.name, entry]));
  const inputs = signature.inputs.map(({ name, datatype, shape }, index) => ({
    index,
    name,
    datatype,
    shape,
    bounds: bounds.get(name) ?? null,
  }));
  const byName = new Map(inputs.map((rule) => [rule.name, rule]));
  for (const name of bounds.keys())
    if (!byName.has(name)) throw new Error(`inputBounds names the unknown input ${name}`);
  const outputs = servedOutputs(signature, plan);
  return { inputs, byName, outputs, encoded: encodedSchema(signature, plan), equalAxes: equalAxes(signature, byName) };
}

function encodedSchema(
  signature: ModelSignature,
  plan: Pick<ServingPlan, "outputs" | "pipeline">,
): RequestSchema | null {
  const seen = encodedInterface(plan, signature);
  if (seen === null) return null;
  const { name, datatype, shape } = seen.input;
  const rule = { index: 0, name, datatype, shape, bounds: null };
  const outputs = seen.outputs.map((output) => output.name);
  return { inputs: [rule], byName: new Map([[name, rule]]), outputs, encoded: null, equalAxes: [] };
}

function servedOutputs(signature: ModelSignature, plan: Pick<ServingPlan, "outputs">): string[] {
  const all = signature.outputs.map(({ name }) => name);
  for (const name of plan.outputs ?? [])
    if (!all.includes(name)) throw new Error(`outputs names the unknown output ${name}`);
  return plan.outputs ?? all;
}

function equalAxes(signature: ModelSignature, byName: ReadonlyMap<string, InputRule>): RequestSchema["equalAxes"] {
  const sets = [];
  if (signature.batchable) {
    sets.push({ what: "number of rows (axis 0)", axes: [...byName.values()].map((rule) => ({ rule, axis: 0 })) });
  }
  if (signature.variableAxis !== null) {
    const axes = signature.variableAxis.map(({ name, axis }) => ({ rule: byName.get(name) as InputRule, axis }));
    sets.push({ what: "length", axes });
  }
  return sets;
}
