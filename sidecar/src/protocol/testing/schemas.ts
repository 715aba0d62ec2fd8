import type { ModelSignature, TensorSpec } from "../../model/signature.ts";
import { requestSchema } from "../oip/request-schema.ts";

const spec = (name: string, datatype: TensorSpec["datatype"], shape: number[]): TensorSpec => ({
  name,
  datatype,
  shape,
  symbols: shape.map(() => null),
});

/** Two inputs of one variable length, as a text encoder has them. */
const encoder: ModelSignature = {
  inputs: [spec("ids", "INT64", [-1, -1]), spec("mask", "INT64", [-1, -1])],
  outputs: [spec("embedding", "FP32", [-1, 4]), spec("tokens", "FP32", [-1, -1, 4])],
  batchable: true,
  variableAxis: [
    { name: "ids", axis: 1 },
    { name: "mask", axis: 1 },
  ],
  inputBounds: [],
};
/** Of the encoder, with ids from 0 to 99. */
export const schema = requestSchema(encoder, { inputBounds: [{ name: "ids", minimum: 0, maximum: 99 }] });

/** Of a model with the one input `x`. */
export const single = (datatype: TensorSpec["datatype"], shape = [-1, 2]) =>
  requestSchema({ ...encoder, inputs: [spec("x", datatype, shape)], variableAxis: null }, { inputBounds: [] });
