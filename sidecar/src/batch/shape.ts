import type { Padding } from "@sweetspot/crds";
import type { ModelSignature } from "../model/signature.ts";
import type { Tensor } from "../tensor.ts";

/** What the batch former must know of a request's tensors. */
export interface RequestShape {
  /** Rows that the request adds to a batch; 1 for a model that is not batchable. */
  readonly rows: number;
  /** Size of the variable axis, or the product of all variable axes of the first input that has any; else 1. */
  readonly length: number;
  /** Equal for requests that may share a batch: every size that must be equal, spelled out. */
  readonly group: string;
}

interface AxisOfInput {
  readonly input: number;
  readonly axis: number;
}

/**
 * Prepares the function that reads a request's shape from its inputs (in the order of the signature).
 *
 * A permission to pad takes the padded axes out of the group; without it the length is part of the group, so that only
 * requests of exactly the same shape meet in a batch. Sizes that the model fixes are the same for all and left out.
 */
export function requestShaper(
  signature: ModelSignature,
  padding: Padding | undefined,
): (inputs: readonly Tensor[]) => RequestShape {
  const variable = variableAxes(signature);
  const lengthAxes = axesOfLength(signature, padding, variable);
  const padded = new Set((padding?.inputs ?? []).map(({ name, axis }) => `${indexOf(signature, name)}:${axis}`));
  const groupAxes = variable.filter(({ input, axis }) => !padded.has(`${input}:${axis}`));
  const { batchable } = signature;
  return (inputs) => {
    let length = 1;
    for (const at of lengthAxes) length *= sizeOf(inputs, at);
    let group = "";
    for (const at of groupAxes) group += `${sizeOf(inputs, at)},`;
    return { rows: batchable ? (inputs[0]?.shape[0] as number) : 1, length, group };
  };
}

const sizeOf = (inputs: readonly Tensor[], { input, axis }: AxisOfInput): number =>
  inputs[input]?.shape[axis] as number;

const indexOf = (signature: ModelSignature, name: string): number =>
  signature.inputs.findIndex((input) => input.name === name);

/** Every axis of variable size, but for the rows. */
function variableAxes({ inputs, batchable }: ModelSignature): AxisOfInput[] {
  return inputs.flatMap(({ shape }, input) =>
    shape.flatMap((size, axis) => (size === -1 && !(batchable && axis === 0) ? [{ input, axis }] : [])),
  );
}

function axesOfLength(
  signature: ModelSignature,
  padding: Padding | undefined,
  variable: readonly AxisOfInput[],
): AxisOfInput[] {
  const named = padding?.inputs[0] ?? signature.variableAxis?.[0];
  if (named !== undefined) return [{ input: indexOf(signature, named.name), axis: named.axis }];
  return variable.filter(({ input }) => input === variable[0]?.input);
}
