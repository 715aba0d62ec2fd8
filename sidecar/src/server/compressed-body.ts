import { constants, deflate, gunzip, gunzipSync, gzip, inflate, inflateSync, type ZlibOptions } from "node:zlib";
import { ApiError } from "../protocol/errors.ts";
import type { ContentCoding } from "./content-encoding.ts";

const mebibyte = 1024 * 1024;
/** Tensors of zeros compress a thousandfold, and so do attacks: beyond a mebibyte the ratio is bounded. */
const freeBytes = mebibyte;
const largestRatio = 100;

/** Up to here inflating at once costs less than handing it to another thread; the result is bounded by the ratio. */
const mostBytesAtOnce = 16 * 1024;

/** With `info` zlib gives its engine too, which knows how much of the input it has used. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

type InflateAtOnce = (body: Uint8Array, options: ZlibOptions) => unknown;
type InflateLater = (
  body: Uint8Array,
  options: ZlibOptions,
  done: (error: Error | null, result: unknown) => void,
) => void;

const inflaters: Record<ContentCoding, { readonly atOnce: InflateAtOnce; readonly later: InflateLater }> = {
  gzip: { atOnce: gunzipSync, later: gunzip },
  deflate: { atOnce: inflateSync, later: inflate },
};

/**
 * Inflates a whole body, piece by piece, and stops as soon as more than `maximumBytes` come out of it, or more than the
 * ratio allows. `done` is called once; with an `ApiError` also where the checksum is wrong, the end is missing, or
 * anything follows it.
 */
export function inflateBody(
  body: Uint8Array,
  coding: ContentCoding,
  maximumBytes: number,
  done: (error: ApiError | null, inflated: Uint8Array) => void,
): void {
  const maxOutputLength = Math.min(maximumBytes, Math.max(freeBytes, largestRatio * body.length));
  const settle = (error: unknown, result: unknown) => {
    const { buffer, engine } = (result ?? {}) as Partial<Inflated>;
    if (error === null && buffer !== undefined && engine?.bytesWritten === body.length) done(null, buffer);
    else done(refusal(error, coding, maximumBytes, maxOutputLength), nothing);
  };
  const options = { maxOutputLength, info: true };
  if (body.length > mostBytesAtOnce) {
    inflaters[coding].later(body, options, settle);
    return;
  }
  let result: unknown;
  let failure: unknown = null;
  try {
    result = inflaters[coding].atOnce(body, options);
  } catch (error) {
    failure = error;
  }
  settle(failure, result);
}

const nothing = new Uint8Array(0);

function refusal(error: unknown, coding: ContentCoding, maximumBytes: number, maxOutputLength: number): ApiError {
  if ((error as NodeJS.ErrnoException | null)?.code !== "ERR_BUFFER_TOO_LARGE") {
    return new ApiError("InvalidCompression", { encoding: coding });
  }
  return maxOutputLength === maximumBytes
    ? new ApiError("BodyTooLarge", { limit: maximumBytes })
    : new ApiError("InflationRatio", { ratio: largestRatio });
}

const deflaters = { gzip, deflate };

/** Compresses an answer, fast rather than small, on another thread. `body`: a string has one byte in each unit (Latin-1). */
export function compressAnswer(body: Uint8Array | string, coding: ContentCoding): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const bytes = typeof body === "string" ? Buffer.from(body, "latin1") : body;
    deflaters[coding](bytes, { level: constants.Z_BEST_SPEED }, (error, compressed) => {
      if (error === null) resolve(compressed);
      else reject(error);
    });
  });
}
