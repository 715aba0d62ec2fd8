/** A request of the workload and what the model itself says to it. */
export interface Probe {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly embedding: Float32Array;
}

const tolerance = 1e-3;

/**
 * Is this the embedding, within what another thread count or batch changes? Only who gives the same answers may be
 * compared. Throws `SyntaxError` for what is no JSON.
 */
export function isExpected(headers: Headers, body: Uint8Array, { embedding }: Probe): boolean {
  const values = headers.has("inference-header-content-length")
    ? binaryValues(body, embedding.length)
    : jsonValues(body);
  return (
    values.length === embedding.length &&
    values.every((value, i) => Math.abs(value - (embedding[i] as number)) <= tolerance)
  );
}

/** The one tensor of the answer, which is at its end. */
function binaryValues(body: Uint8Array, count: number): Float32Array {
  const bytes = new Uint8Array(body.subarray(Math.max(0, body.length - 4 * count)));
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}

function jsonValues(body: Uint8Array): readonly number[] {
  const parsed: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
  const answer = (Array.isArray(parsed) ? parsed[0] : parsed) as { outputs?: { data?: unknown }[] } | undefined;
  const data = answer?.outputs?.[0]?.data;
  return Array.isArray(data) ? (data as unknown[]).flat(2).map(Number) : [];
}
