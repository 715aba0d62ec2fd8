import { localError } from "./api-error.ts";

/**
 * The whole body as text.
 * @throws {ApiError} `BadAnswer` when it is longer than `limitBytes`; the rest is then not read.
 */
export async function readText(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > limitBytes) throw localError("BadAnswer", `The answer is longer than ${limitBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * The lines of a body, without their ends. What stands after the last line end is dropped: it was cut off.
 * @throws {ApiError} `BadAnswer` when a line is longer than `limitBytes`.
 */
export async function* readLines(body: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of body) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, end)]).toString("utf8");
      rest = [];
      restBytes = 0;
      from = end + 1;
      if (line !== "") yield line;
    }
    rest.push(chunk.subarray(from));
    restBytes += chunk.byteLength - from;
    if (restBytes > limitBytes) throw localError("BadAnswer", `A line is longer than ${limitBytes} bytes.`);
  }
}

/** At most `limitBytes` of a body, in chunks; the rest is not read. */
export async function* readAtMost(body: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array> {
  let left = limitBytes;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
