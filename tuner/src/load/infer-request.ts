import type { Tensor } from "@sweetspot/sidecar";
import type { PreparedRequest } from "./request-mix.ts";

/** An infer request with the binary tensor extension: JSON header, then the bytes of all inputs in order. */
export function encodeBinaryRequest(inputs: readonly Tensor[], outputs?: readonly string[]): PreparedRequest {
  const header = Buffer.from(
    JSON.stringify({
      inputs: inputs.map(({ name, datatype, shape, data }) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: data.byteLength },
      })),
      ...(outputs === undefined
        ? { parameters: { binary_data_output: true } }
        : { outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) }),
    }),
  );
  return {
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(header.byteLength),
    },
    body: Buffer.concat([header, ...inputs.map(({ data }) => data)]),
  };
}

/** An infer request in plain JSON. Throws `RangeError` for FP16, which the protocol carries only in binary. */
export function encodeJsonRequest(inputs: readonly Tensor[], outputs?: readonly string[]): PreparedRequest {
  const tensors = inputs.map(
    (tensor) =>
      `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}",` +
      `"shape":${JSON.stringify(tensor.shape)},"data":[${elementsAsJson(tensor).join(",")}]}`,
  );
  const wanted = outputs === undefined ? "" : `,"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`;
  return {
    headers: { "content-type": "application/json" },
    body: Buffer.from(`{"inputs":[${tensors.join(",")}]${wanted}}`),
  };
}

type NumericReader = { readonly bytes: number; readonly read: (view: DataView, offset: number) => string };

// 64-bit integers are written digit by digit: as numbers they would lose what lies above 2^53.
const readers: Partial<Record<Tensor["datatype"], NumericReader>> = {
  BOOL: { bytes: 1, read: (view, offset) => String(view.getUint8(offset) !== 0) },
  UINT8: { bytes: 1, read: (view, offset) => String(view.getUint8(offset)) },
  UINT16: { bytes: 2, read: (view, offset) => String(view.getUint16(offset, true)) },
  UINT32: { bytes: 4, read: (view, offset) => String(view.getUint32(offset, true)) },
  UINT64: { bytes: 8, read: (view, offset) => String(view.getBigUint64(offset, true)) },
  INT8: { bytes: 1, read: (view, offset) => String(view.getInt8(offset)) },
  INT16: { bytes: 2, read: (view, offset) => String(view.getInt16(offset, true)) },
  INT32: { bytes: 4, read: (view, offset) => String(view.getInt32(offset, true)) },
  INT64: { bytes: 8, read: (view, offset) => String(view.getBigInt64(offset, true)) },
  FP32: { bytes: 4, read: (view, offset) => finite(view.getFloat32(offset, true)) },
  FP64: { bytes: 8, read: (view, offset) => finite(view.getFloat64(offset, true)) },
};

function finite(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError("JSON has no NaN and no infinity: use the binary format");
  return JSON.stringify(value);
}

function elementsAsJson(tensor: Tensor): string[] {
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  if (tensor.datatype === "BYTES") return stringsAsJson(view, tensor.data);
  const reader = readers[tensor.datatype];
  if (reader === undefined) throw new RangeError(`${tensor.datatype} has no form in JSON: use the binary format`);
  const count = tensor.data.byteLength / reader.bytes;
  return Array.from({ length: count }, (_, index) => reader.read(view, index * reader.bytes));
}

/** Elements of BYTES come with a length of 4 bytes each, little-endian. */
function stringsAsJson(view: DataView, data: Uint8Array): string[] {
  const strings: string[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let offset = 0; offset < data.byteLength; ) {
    const end = offset + 4 + view.getUint32(offset, true);
    strings.push(JSON.stringify(decoder.decode(data.subarray(offset + 4, end))));
    offset = end;
  }
  return strings;
}
