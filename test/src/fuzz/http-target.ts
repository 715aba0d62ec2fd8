import type { FuzzTarget } from "./fuzz-target.ts";
import { type HttpMessage, messageBytes } from "./http-message.ts";
import { mutatedBytes } from "./mutate-http.ts";

/** HTTP/1.1. `corpus`: well-formed messages, which are all answered with 200. */
export const httpTarget = (corpus: readonly HttpMessage[]): FuzzTarget => ({
  good: corpus.map(messageBytes),
  mutated: (choices) => {
    const bytes = mutatedBytes(corpus, choices);
    return { bytes, readable: bytes };
  },
  isWhole,
  isOver: () => false,
  judge: async (answer) => {
    const text = answer.toString("latin1");
    const status = statusOf(text) ?? "none";
    // 501, 503 and 505 are what a client may get; 500 says that the server did not foresee something.
    return { status, text, good: status === "200", unforeseen: status === "500" };
  },
});

/** Is there a final answer with as many bytes as it announces? */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const head = bytes.toString("latin1", 0, end);
  if (/^HTTP\/1\.1 1\d\d /.test(head)) return isWhole(bytes.subarray(end + 4));
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  return length !== undefined && bytes.length >= end + 4 + Number(length);
}

/** The status of the first final answer; undefined where there is none. */
const statusOf = (text: string): string | undefined =>
  /^(?:HTTP\/1\.1 1\d\d [\s\S]*?\r\n\r\n)*HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
