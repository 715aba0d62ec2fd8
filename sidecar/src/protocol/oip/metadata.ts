import type { ModelSignature, TensorSpec } from "../../model/signature.ts";
import { modelVersion } from "./encode-response.ts";

/** `GET /v2`. */
export const serverMetadata = (version: string) => ({
  name: "sweetspot",
  version,
  extensions: ["binary_tensor_data"],
});

const tensorMetadata = ({ name, datatype, shape }: TensorSpec) => ({ name, datatype, shape });

/** `GET /v2/models/{name}`. `served`: the outputs that the plan serves. */
export const modelMetadata = (name: string, signature: ModelSignature, served: readonly string[]) => ({
  name,
  versions: [modelVersion],
  platform: "onnxruntime_onnx",
  inputs: signature.inputs.map(tensorMetadata),
  outputs: signature.outputs.filter((output) => served.includes(output.name)).map(tensorMetadata),
});
