import { ChunkedBody } from "./chunked-body.ts";
import { parseResponseHead, type ResponseHead } from "./response-head.ts";

/** Head bytes of one answer at most, those of interim answers included. */
const maximumHeadBytes = 65_536;

/** Every head begins so; checked before the head is whole, since what is not HTTP may never end like one. */
const beginning = "HTTP/1.";

export type ReadingState = "Reading" | "Whole" | "Malformed";

/**
 * Finds status and end of the HTTP/1.x answers to POST in the bytes of one connection, which may be cut anywhere.
 * Only heads are decoded; bodies are counted, neither copied nor kept. Interim answers (1xx) are skipped.
 */
export class ResponseReader {
  #state: ReadingState = "Reading";
  #head: ResponseHead | undefined;
  /** What has come of a head that was cut, as latin1. */
  #text = "";
  #headBytes = 0;
  /** How much of the empty line that ends a head has come, 0 to 4 bytes. */
  #matched = 0;
  #remaining = 0;
  #chunks: ChunkedBody | undefined;

  get state(): ReadingState {
    return this.#state;
  }

  /** The status of the answer whose head has come; 0 before. */
  get status(): number {
    return this.#head?.status ?? 0;
  }

  /** Whether the answer leaves its connection to another request. */
  get keepsAlive(): boolean {
    return this.#head?.keepsAlive ?? false;
  }

  /** Gets ready for the next answer. */
  reset(): void {
    this.#state = "Reading";
    this.#head = undefined;
    this.#text = "";
    this.#headBytes = 0;
    this.#matched = 0;
    this.#chunks = undefined;
  }

  /**
   * Reads `bytes` from `start` to the end of the answer, or to `end`.
   *
   * @returns the index behind what was read: what follows belongs to no answer that was asked for
   */
  read(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#state === "Reading") {
      at = this.#head === undefined ? this.#readHead(bytes, at, end) : this.#readBody(bytes, at, end);
    }
    return at;
  }

  /** The connection ended, which is how some answers do. */
  end(): void {
    if (this.#state !== "Reading") return;
    this.#state = this.#head?.body === "UntilEnd" ? "Whole" : "Malformed";
  }

  #readHead(bytes: Buffer, start: number, end: number): number {
    const behind = this.#findHeadEnd(bytes, start, end);
    this.#headBytes += behind - start;
    this.#text += bytes.toString("latin1", start, behind);
    if (this.#headBytes > maximumHeadBytes) this.#state = "Malformed";
    else if (this.#matched === 4) this.#beginBody();
    else if (!looksLikeHead(this.#text)) this.#state = "Malformed";
    return behind;
  }

  /** The index behind the empty line; `end` where it has not come yet. */
  #findHeadEnd(bytes: Buffer, start: number, end: number): number {
    let matched = this.#matched;
    let at = start;
    while (at < end && matched < 4) {
      const byte = bytes[at++];
      if (byte === 0x0d) matched = matched === 2 ? 3 : 1;
      else matched = byte === 0x0a && (matched & 1) === 1 ? matched + 1 : 0;
    }
    this.#matched = matched;
    return at;
  }

  #beginBody(): void {
    const head = parseResponseHead(this.#text);
    this.#text = "";
    this.#matched = 0;
    if (head === null) this.#state = "Malformed";
    // An interim answer: the next head follows.
    else if (head.status >= 200) this.#expectBody(head);
  }

  #expectBody(head: ResponseHead): void {
    this.#head = head;
    if (head.body === "Chunked") this.#chunks = new ChunkedBody();
    this.#remaining = typeof head.body === "number" ? head.body : Number.POSITIVE_INFINITY;
    if (this.#remaining === 0) this.#state = "Whole";
  }

  #readBody(bytes: Buffer, start: number, end: number): number {
    if (this.#chunks !== undefined) return this.#readChunks(this.#chunks, bytes, start, end);
    const read = Math.min(this.#remaining, end - start);
    this.#remaining -= read;
    if (this.#remaining === 0) this.#state = "Whole";
    return start + read;
  }

  #readChunks(chunks: ChunkedBody, bytes: Buffer, start: number, end: number): number {
    const behind = chunks.read(bytes, start, end);
    if (chunks.isWhole) this.#state = "Whole";
    if (chunks.isMalformed) this.#state = "Malformed";
    return behind;
  }
}

const looksLikeHead = (text: string): boolean =>
  text.length < beginning.length ? beginning.startsWith(text) : text.startsWith(beginning);
