import type { Datatype } from "@sweetspot/crds";
import { findInputBounds } from "./input-bounds.ts";
import { ModelFileError, type OnnxGraph, type OnnxValue, readOnnxGraph } from "./onnx-file.ts";
import type { ModelSignature, TensorSpec } from "./signature.ts";
import { findVariableAxis } from "./variable-axis.ts";

/** ONNX element types (TensorProto.DataType) that the Open Inference Protocol can carry. */
const datatypes: ReadonlyMap<number, Datatype> = new Map([
  [1, "FP32"],
  [2, "UINT8"],
  [3, "INT8"],
  [4, "UINT16"],
  [5, "INT16"],
  [6, "INT32"],
  [7, "INT64"],
  [8, "BYTES"],
  [9, "BOOL"],
  [10, "FP16"],
  [11, "FP64"],
  [12, "UINT32"],
  [13, "UINT64"],
]);

/** Reads what can be said of a model from its file. Throws `ModelFileError`, whose message is for the user. */
export async function describeModel(file: string): Promise<ModelSignature> {
  const graph = await readOnnxGraph(file);
  try {
    return signatureOf(graph);
  } catch (error) {
    if (!(error instanceof UnsupportedModel)) throw error;
    throw new ModelFileError(`${file} cannot be served: ${error.message}.`);
  }
}

/** A readable model that has something which cannot be served. */
class UnsupportedModel extends Error {}

/**
 * The signature of a graph. Initializers that are listed as inputs (as before IR version 4) are not inputs. Outputs
 * that no protocol can carry (maps, sequences, exotic types) are left out; an output of unknown rank is given as [-1].
 */
export function signatureOf(graph: OnnxGraph): ModelSignature {
  const weights = new Set(
    [...graph.initializer, ...graph.sparse_initializer.map(({ values }) => values)].map((each) => each?.name),
  );
  const inputs = graph.input.filter(({ name }) => !weights.has(name)).map(inputSpec);
  const outputs = graph.output.map((value) => tensorSpec(value, [{}])).filter((spec) => spec !== null);
  if (inputs.length === 0) throw new UnsupportedModel("it has no inputs");
  if (outputs.length === 0) throw new UnsupportedModel("none of its outputs is a tensor of a supported type");
  return {
    inputs,
    outputs,
    batchable: inputs.every(({ shape }) => shape[0] === -1),
    variableAxis: findVariableAxis(inputs),
    inputBounds: findInputBounds(
      graph,
      inputs.filter(isInteger).map(({ name }) => name),
    ),
  };
}

type Dimension = { readonly dim_value?: number; readonly dim_param?: string };

function inputSpec(value: OnnxValue): TensorSpec {
  const spec = tensorSpec(value, null);
  if (spec !== null) return spec;
  const known = value.type?.tensor_type?.shape !== undefined;
  throw new UnsupportedModel(
    known
      ? `its input "${value.name}" is no tensor of a supported type`
      : `its input "${value.name}" declares no shape`,
  );
}

/** Null where the type is not supported, or where there is no shape and nothing to take for it. */
function tensorSpec(value: OnnxValue, unknownShape: readonly Dimension[] | null): TensorSpec | null {
  const tensor = value.type?.tensor_type;
  const datatype = datatypes.get(tensor?.elem_type ?? 0);
  const dimensions = tensor?.shape?.dim ?? unknownShape;
  if (datatype === undefined || dimensions === null) return null;
  return {
    name: value.name ?? "",
    datatype,
    shape: dimensions.map(({ dim_value: size }) => (isFixed(size) ? size : -1)),
    symbols: dimensions.map(({ dim_value: size, dim_param: symbol }) => (isFixed(size) ? null : symbol || null)),
  };
}

/** Some exporters write -1 for a variable axis instead of leaving its size out. */
const isFixed = (size: number | undefined): size is number => size !== undefined && size >= 0;

/** Integers that may be ids; a `BOOL` is none. */
const isInteger = ({ datatype }: TensorSpec): boolean => /^U?INT\d+$/.test(datatype);
