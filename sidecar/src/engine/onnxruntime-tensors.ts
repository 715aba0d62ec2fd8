import { Tensor as OrtTensor } from "onnxruntime-node";
import { elementBytes, elementCount, type Tensor } from "../tensor.ts";

type OrtType = OrtTensor.Type;
type View = new (buffer: ArrayBuffer, offset: number, length: number) => OrtTensor["data"] & ArrayBufferView;

/** ONNX Runtime's own names, and the array it wants. FP16 bits go in as integers; Node has no other form of them. */
const kinds: Record<Exclude<Tensor["datatype"], "BYTES">, { readonly type: OrtType; readonly view: View }> = {
  BOOL: { type: "bool", view: Uint8Array },
  UINT8: { type: "uint8", view: Uint8Array },
  UINT16: { type: "uint16", view: Uint16Array },
  UINT32: { type: "uint32", view: Uint32Array },
  UINT64: { type: "uint64", view: BigUint64Array },
  INT8: { type: "int8", view: Int8Array },
  INT16: { type: "int16", view: Int16Array },
  INT32: { type: "int32", view: Int32Array },
  INT64: { type: "int64", view: BigInt64Array },
  FP16: { type: "float16", view: Uint16Array },
  FP32: { type: "float32", view: Float32Array },
  FP64: { type: "float64", view: Float64Array },
};
const datatypes = new Map<string, Tensor["datatype"]>(
  Object.entries(kinds).map(([datatype, { type }]) => [type, datatype as Tensor["datatype"]]),
);

/** A tensor that fits no engine. */
class TensorError extends Error {
  override readonly name = "TensorError";
}

/**
 * Hands a tensor to ONNX Runtime without a copy, except for `BYTES`. The data must be aligned to its element, as
 * frames are. Throws `TensorError` when shape and data disagree.
 */
export function toOrt(tensor: Tensor): OrtTensor {
  const { name, datatype, shape, data } = tensor;
  if (datatype === "BYTES") return new OrtTensor("string", readStrings(tensor), shape);
  const { type, view } = kinds[datatype];
  const count = elementCount(shape);
  if (data.byteLength !== count * (elementBytes(datatype) ?? 0)) {
    throw new TensorError(`input ${name}: ${data.byteLength} bytes do not fill ${datatype} [${shape}]`);
  }
  // The constructor's overloads tie each name to its array; the table above keeps the same pairs.
  return new OrtTensor(
    type as "float32",
    new view(data.buffer as ArrayBuffer, data.byteOffset, count) as Float32Array,
    shape,
  );
}

/** Takes an output over, without a copy except for strings. Throws `TensorError` for types that OIP cannot carry. */
export function fromOrt(name: string, tensor: OrtTensor): Tensor {
  const shape = tensor.dims;
  if (tensor.type === "string") return { name, datatype: "BYTES", shape, data: writeStrings(tensor.data as string[]) };
  const datatype = datatypes.get(tensor.type);
  if (datatype === undefined) throw new TensorError(`output ${name} has the type ${tensor.type}, which is not served`);
  const { buffer, byteOffset, byteLength } = tensor.data as ArrayBufferView;
  return { name, datatype, shape, data: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) };
}

/** `BYTES` elements: each a u32 length and that many bytes, as the Open Inference Protocol's binary extension has them. */
function readStrings({ name, shape, data }: Tensor): string[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const strings: string[] = [];
  let offset = 0;
  while (offset + 4 <= bytes.byteLength) {
    const end = offset + 4 + bytes.readUInt32LE(offset);
    strings.push(bytes.toString("utf8", offset + 4, end));
    offset = end;
  }
  if (offset !== bytes.byteLength || strings.length !== elementCount(shape)) {
    throw new TensorError(`input ${name}: its strings do not fill BYTES [${shape}]`);
  }
  return strings;
}

function writeStrings(strings: readonly string[]): Uint8Array {
  return Buffer.concat(
    strings.flatMap((text) => {
      const bytes = Buffer.from(text, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.byteLength);
      return [length, bytes];
    }),
  );
}
