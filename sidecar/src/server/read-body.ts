import type { IncomingMessage } from "node:http";
import { ApiError } from "../protocol/errors.ts";
import { inflateBody } from "./compressed-body.ts";
import type { ContentCoding } from "./content-encoding.ts";

/** Called once: with the body, or with an error and no body. */
export type BodyListener = (error: ApiError | null, body: Uint8Array) => void;

/**
 * Reads the bodies of one server's requests: each of at most `maximumBytes`, as sent and as inflated, and all that are
 * still coming in of at most `maximumUnfinishedBytes` together, so that many slow clients cannot fill the memory. Bodies
 * that come in one piece are not counted for that, because they are never unfinished.
 */
export class BodyReader {
  readonly #maximumBytes: number;
  readonly #maximumUnfinishedBytes: number;
  #unfinishedBytes = 0;

  constructor(maximumBytes: number, maximumUnfinishedBytes: number) {
    this.#maximumBytes = maximumBytes;
    this.#maximumUnfinishedBytes = maximumUnfinishedBytes;
  }

  /** Bytes of bodies that are held because their end has not come. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /**
   * Reads a body, and inflates it where it has a coding. `done` hears `BodyTooLarge` as soon as more is announced or has
   * come, and `QueueFull` where there is no room now. It is not called at all when the client leaves before the end:
   * nobody would read the answer.
   */
  read(request: IncomingMessage, coding: ContentCoding | null, done: BodyListener): void {
    const maximumBytes = this.#maximumBytes;
    if (coding === null) {
      this.#readPlain(request, done);
      return;
    }
    this.#readPlain(request, (error, body) => {
      if (error === null) inflateBody(body, coding, maximumBytes, done);
      else done(error, body);
    });
  }

  #readPlain(request: IncomingMessage, done: BodyListener): void {
    const maximumBytes = this.#maximumBytes;
    if (Number(request.headers["content-length"] ?? 0) > maximumBytes) {
      done(tooLarge(maximumBytes), nothing);
      return;
    }
    let chunks: Buffer[] = [];
    let bytes = 0;
    let held = 0;
    let refused = false;
    const release = () => {
      this.#unfinishedBytes -= held;
      held = 0;
    };
    const refuse = (error: ApiError) => {
      refused = true;
      chunks = [];
      release();
      done(error, nothing);
    };
    request.on("data", (chunk: Buffer) => {
      if (refused) return;
      bytes += chunk.length;
      if (bytes > maximumBytes) {
        refuse(tooLarge(maximumBytes));
        return;
      }
      if (chunks.length === 1) request.once("close", release);
      chunks.push(chunk);
      if (chunks.length > 1) {
        this.#unfinishedBytes += bytes - held;
        held = bytes;
        if (this.#unfinishedBytes > this.#maximumUnfinishedBytes) refuse(new ApiError("QueueFull", {}, 1));
      }
    });
    request.on("end", () => {
      if (refused) return;
      release();
      // Node copies each chunk out of its read buffer: a body that came in one piece is already its own.
      done(null, chunks.length === 1 ? (chunks[0] as Buffer) : joined(chunks, bytes, binaryOffset(request)));
    });
    // Node reports a client that left as an error too; the exchange hears of it from the response.
    request.on("error", () => undefined);
  }
}

const widestElement = 8;

/**
 * One body from its pieces. What begins at `offset` comes to lie at an address that is a multiple of 8, so that a large
 * tensor right after the JSON part can be used where it is, and need not be copied once more.
 */
function joined(chunks: readonly Buffer[], bytes: number, offset: number): Buffer {
  const shift = (widestElement - (offset % widestElement)) % widestElement;
  const body = Buffer.allocUnsafeSlow(shift + bytes).subarray(shift);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** Where a request says that its binary part begins; 0 where it does not say so, or says nothing that makes sense. */
function binaryOffset({ headers }: IncomingMessage): number {
  const offset = Number(headers["inference-header-content-length"] ?? 0);
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
}

const tooLarge = (limit: number): ApiError => new ApiError("BodyTooLarge", { limit });

const nothing = new Uint8Array(0);
