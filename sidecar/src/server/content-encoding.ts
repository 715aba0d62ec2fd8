import { ApiError } from "../protocol/errors.ts";

/** The codings of bodies that are understood, in both directions. `deflate` is the zlib format, as RFC 9110 has it. */
export type ContentCoding = "gzip" | "deflate";

/** What `Accept-Encoding` may name in an answer to an unknown coding. */
export const acceptedCodings = "gzip, deflate";

/** The coding of a request's body; null where it is sent as it is. Throws `ApiError` for any other. */
export function contentCoding(header: string | undefined): ContentCoding | null {
  if (header === undefined) return null;
  const encoding = header.trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return null;
  if (encoding === "gzip" || encoding === "x-gzip") return "gzip";
  if (encoding === "deflate") return "deflate";
  throw new ApiError("UnsupportedEncoding", { encoding });
}

/** Smaller answers gain nothing. */
const leastBytes = 1024;

/**
 * The coding to answer in; null for none. Only a header that names exactly one coding counts as a wish, as Triton's
 * clients send it when they are told to: most HTTP libraries list what they understand unasked, and to compress each
 * answer for them would cost more than all else that the server does for a small request.
 */
export function answerCoding(header: string | undefined, bytes: number): ContentCoding | null {
  if (header === undefined || bytes <= leastBytes) return null;
  return header === "gzip" || header === "deflate" ? header : null;
}
