import type { PreparedRequest } from "@sweetspot/tuner";

/** The largest absolute difference between the FP32 outputs of two servers; infinite where one of them fails or their shapes differ. */
export async function largestDifference(
  urlA: string,
  urlB: string,
  requests: readonly PreparedRequest[],
): Promise<number> {
  // All at once, so that the batchers have something to join.
  const ask = (url: string) => Promise.all(requests.map((request) => outputOf(url, request)));
  const [a, b] = [await ask(urlA), await ask(urlB)];
  return Math.max(...a.map((values, i) => difference(values, b[i] ?? null)));
}

/** Triton 2.51 sends no binary data at all where it may compress it. */
const plain = { "accept-encoding": "identity" };

/** The binary part of an answer; null where the request failed. */
async function outputOf(url: string, { headers, body }: PreparedRequest): Promise<Float32Array | null> {
  const response = await fetch(url, { method: "POST", headers: { ...headers, ...plain }, body: new Uint8Array(body) });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const header = Number(response.headers.get("inference-header-content-length"));
  if (!response.ok || !(header > 0)) return null;
  return new Float32Array(bytes.slice(header).buffer);
}

function difference(a: Float32Array | null, b: Float32Array | null): number {
  if (a === null || b === null || a.length === 0 || a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] as number))), 0);
}
