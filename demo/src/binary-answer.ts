import { Buffer } from "node:buffer";

interface BinaryOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameters: { readonly binary_data_size: number };
}

/** One FP32 output out of an Open Inference Protocol answer with binary tensors, as any client would read it. */
export async function floatsOf(response: Response, output: string): Promise<Float32Array> {
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200)
    throw new Error(`the server answered ${response.status}: ${body.toString("utf8", 0, 300)}`);
  const headerLength = Number(response.headers.get("inference-header-content-length"));
  const header = JSON.parse(body.toString("utf8", 0, headerLength)) as { outputs: BinaryOutput[] };
  let offset = headerLength;
  for (const { name, parameters } of header.outputs) {
    const size = parameters.binary_data_size;
    if (name === output) return new Float32Array(new Uint8Array(body.subarray(offset, offset + size)).buffer);
    offset += size;
  }
  throw new Error(`the server did not send the output ${output}`);
}
