import type { ModelSignature, TensorSpec } from "../../model/signature.ts";
import { modelVersion } from "./encode-response.ts";

/** `GET /v2`. */
export const serverMetadata = (version: string) => ({
  name: "sweetspot",
  version,
  extensions: ["binary_tensor_data", "model_configuration", "statistics"],
});

const tensorMetadata = ({ name, datatype, shape }: TensorSpec) => ({ name, datatype, shape });

/** What runs a model file, in Triton's words. */
const filePlatform = "onnxruntime_onnx";

/** `GET /v2/models/{name}`. */
export const modelMetadata = (
  name: string,
  { inputs, outputs }: Pick<ModelSignature, "inputs" | "outputs">,
  platform: string = filePlatform,
) => ({
  name,
  versions: [modelVersion],
  platform,
  inputs: inputs.map(tensorMetadata),
  outputs: outputs.map(tensorMetadata),
});
