import type { Datatype, ImagePipeline } from "@sweetspot/crds";
import type { ModelSignature } from "../model/signature.ts";
import type { PreparedRow } from "./text-rows.ts";

/** What pictures can fill. */
const pixelTypes: readonly Datatype[] = ["FP32", "FP16", "UINT8"];

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The datatype that pictures must have. Throws `Error` where plan and model do not fit together. */
export function imageDatatype(
  { tensor, layout, channels, width, height }: ImagePipeline,
  { inputs }: ModelSignature,
): Datatype {
  const [spec, ...others] = inputs;
  if (spec === undefined || spec.name !== tensor || others.length > 0) {
    throw new Error(
      `pipeline fills the input ${tensor}, but the model needs ${inputs.map(({ name }) => name).join(", ")}`,
    );
  }
  if (!pixelTypes.includes(spec.datatype))
    throw new Error(`images cannot fill the input ${tensor} of type ${spec.datatype}`);
  const depth = channels === "Gray" ? 1 : 3;
  const shape = layout === "NCHW" ? [1, depth, height, width ?? -1] : [1, height, width ?? -1, depth];
  const fits =
    shape.length === spec.shape.length && shape.every((size, axis) => fitsAxis(spec.shape[axis] as number, size));
  if (!fits) throw new Error(`images of shape [${shape}] do not fit the input ${tensor} of shape [${spec.shape}]`);
  return spec.datatype;
}

const fitsAxis = (expected: number, size: number): boolean => expected === -1 || expected === size;

/** One decoded picture as one row. */
export function imageRow(
  { tensor, layout, channels }: ImagePipeline,
  datatype: Datatype,
  picture: Picture,
): PreparedRow {
  const { width, height, data } = picture;
  const depth = channels === "Gray" ? 1 : 3;
  const shape = layout === "NCHW" ? [1, depth, height, width] : [1, height, width, depth];
  return { inputs: [{ name: tensor, datatype, shape, data }], tokens: 0 };
}
