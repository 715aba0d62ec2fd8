import { gzipSync } from "node:zlib";

/** One HTTP request as data, so that it can be mutated part by part and written out right or wrong. */
export interface HttpMessage {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Without `Content-Length`, which is added when the message is written, unless it is already there. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** The bytes of a message. Nothing is checked: names and values may hold anything. */
export function messageBytes({ method, target, version, headers, body }: HttpMessage): Buffer {
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const all = framed ? headers : [...headers, ["content-length", String(body.length)] as const];
  const head = `${method} ${target} ${version}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

const message = (
  method: string,
  target: string,
  body: Uint8Array | string = "",
  headers: HttpMessage["headers"] = [],
): HttpMessage => ({
  method,
  target,
  version: "HTTP/1.1",
  headers: [["host", "127.0.0.1"], ...headers],
  body: Buffer.from(body),
});

export interface FuzzTensor {
  readonly name: string;
  readonly datatype: "INT64" | "FP32";
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const bytesOf = ({ datatype, values }: FuzzTensor): Uint8Array =>
  new Uint8Array((datatype === "INT64" ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)).buffer);

const jsonInput = ({ values, ...tensor }: FuzzTensor) => ({ ...tensor, data: values });

const binaryInput = (tensor: FuzzTensor) => ({
  name: tensor.name,
  datatype: tensor.datatype,
  shape: tensor.shape,
  parameters: { binary_data_size: bytesOf(tensor).length },
});

/** Well-formed requests of every kind that the server knows, all of which it answers with 200. */
export function wellFormed(model: string, tensors: readonly FuzzTensor[]): HttpMessage[] {
  const base = `/v2/models/${model}`;
  const infer = `${base}/infer`;
  const json = JSON.stringify({
    id: "1",
    inputs: tensors.map(jsonInput),
    parameters: { timeout: 60_000_000, binary_data_output: false },
  });
  const part = JSON.stringify({ inputs: tensors.map(binaryInput), parameters: { binary_data_output: true } });
  const binary = Buffer.concat([Buffer.from(part), ...tensors.map(bytesOf)]);
  const length = ["inference-header-content-length", String(Buffer.byteLength(part))] as const;
  const octets = ["content-type", "application/octet-stream"] as const;
  const raw = tensors.length === 1 ? [message("POST", infer, bytesOf(tensors[0] as FuzzTensor), [rawLength])] : [];
  const gets = ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/stats", base, `${base}/ready`];
  return [
    message("POST", infer, json, [["content-type", "application/json"]]),
    message("POST", `${base}/versions/1/infer`, json),
    message("POST", infer, binary, [length, octets]),
    message("POST", infer, gzipped(Buffer.from(json)), [["content-encoding", "gzip"]]),
    message("POST", infer, gzipped(binary), [length, ["content-encoding", "gzip"], ["accept-encoding", "gzip"]]),
    message("POST", infer, chunked(Buffer.from(json)), [["transfer-encoding", "chunked"]]),
    ...raw,
    ...[...gets, `${base}/config`, `${base}/stats`].map((target) => message("GET", target)),
  ];
}

const rawLength = ["inference-header-content-length", "0"] as const;

const chunked = (body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]);

const gzipped = (body: Uint8Array): Buffer => gzipSync(body);
