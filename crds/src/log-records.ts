import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import type * as z from "zod";
import { type DocumentKind, documents } from "./documents.ts";
import { parseDocument } from "./parse.ts";

/**
 * Documents travel from a Job to the operator in the Job's log, between whatever else is printed there, as lines
 *
 *     sweetspot-record/1 <kind> <part>/<parts> <sha256 of the whole gzip, hex> <base64 of a piece of the gzip>
 *
 * The log is untrusted text: the reader bounds all that it keeps, checks the digest before it inflates, bounds the
 * inflated size, and parses by the document's schema. Lines stay under 12 KiB, because container runtimes cut lines at 16.
 */
const magic = "sweetspot-record/1 ";
const linePattern = /^sweetspot-record\/1 ([A-Za-z]{1,64}) (\d{1,4})\/(\d{1,4}) ([0-9a-f]{64}) ([A-Za-z0-9+/]+={0,2})$/;

/** Longest line of a record, in bytes, without its line feed. */
export const maximumLineBytes = 12 * 1024 - 1;
/** A multiple of three, so that only the last piece ends in padding. */
const pieceBytes = 8190;

export type RecordLimits = {
  /** Of one document's gzip; what is stored in a ConfigMap must stay well below 1 MiB. */
  readonly gzipBytes: number;
  /** Of one document as JSON. */
  readonly inflatedBytes: number;
  /** Records, whole or not, that one log may hold. */
  readonly records: number;
};

export const defaultRecordLimits: RecordLimits = { gzipBytes: 512 * 1024, inflatedBytes: 16 * 1024 * 1024, records: 8 };

/** A document made ready for the log. */
export type EncodedRecord = {
  readonly lines: readonly string[];
  /** `sha256:` digest of `gzip`, which names the record in a `TuningResult`. */
  readonly digest: string;
  readonly gzip: Uint8Array;
};

/** Throws `RangeError` when the gzip of the document is larger than the reader would take. */
export function encodeRecord(kind: DocumentKind, document: object, limits = defaultRecordLimits): EncodedRecord {
  const json = JSON.stringify(document);
  const gzip = gzipSync(json, { level: 9 });
  if (gzip.length > limits.gzipBytes || Buffer.byteLength(json) > limits.inflatedBytes) {
    throw new RangeError(
      `A ${kind} of ${gzip.length} bytes is too large for the log (${limits.gzipBytes} bytes gzipped).`,
    );
  }
  const hex = hexDigest(gzip);
  const parts = Math.ceil(gzip.length / pieceBytes);
  const lines = Array.from({ length: parts }, (_, index) => {
    const piece = gzip.subarray(index * pieceBytes, (index + 1) * pieceBytes);
    return `${magic}${kind} ${index + 1}/${parts} ${hex} ${piece.toString("base64")}`;
  });
  return { lines, digest: `sha256:${hex}`, gzip };
}

/** A document that arrived whole and keeps its contract. */
export type DecodedRecord = {
  [K in DocumentKind]: {
    readonly kind: K;
    readonly digest: string;
    readonly gzip: Uint8Array;
    readonly document: z.infer<(typeof documents)[K]>;
  };
}[DocumentKind];

export type DecodedLog = {
  readonly records: readonly DecodedRecord[];
  /** One sentence for each record that was begun and cannot be used; at most `limits.records + 1` of them. */
  readonly problems: readonly string[];
};

type Pending = {
  kind: DocumentKind;
  hex: string;
  parts: number;
  pieces: Map<number, Buffer>;
  bytes: number;
  broken?: string;
};

/**
 * Reads records out of a log that arrives in chunks of any size. Memory is bounded by
 * `limits.records * limits.gzipBytes`, one line, and the documents themselves, however long the log is.
 */
export class RecordReader {
  readonly #limits: RecordLimits;
  readonly #wanted: ReadonlySet<string> | null;
  readonly #pending = new Map<string, Pending>();
  #line = "";
  /** The rest of a line that is too long to be a record is skipped. */
  #skipping = false;
  #surplus = false;

  /** `wanted`: digests of the records to read, as a `TuningResult` names them; all others are ignored. Null reads all. */
  constructor(limits: RecordLimits = defaultRecordLimits, wanted: ReadonlySet<string> | null = null) {
    this.#limits = limits;
    this.#wanted = wanted;
  }

  push(chunk: string): void {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      this.#extend(chunk, start, end);
      if (!this.#skipping) this.#take(this.#line);
      this.#line = "";
      this.#skipping = false;
      start = end + 1;
    }
    this.#extend(chunk, start, chunk.length);
  }

  /** All that was found. The last line counts also without a line feed. */
  finish(): DecodedLog {
    if (!this.#skipping) this.#take(this.#line);
    this.#line = "";
    const outcomes = [...this.#pending.values()].map((pending) => decode(pending, this.#limits));
    const problems = outcomes.filter((outcome) => typeof outcome === "string");
    if (this.#surplus)
      problems.push(`The log holds more than ${this.#limits.records} records; the others were ignored.`);
    return { records: outcomes.filter((outcome) => typeof outcome !== "string"), problems };
  }

  #extend(chunk: string, start: number, end: number): void {
    if (this.#skipping) return;
    if (this.#line.length + end - start > maximumLineBytes + 1) {
      this.#skipping = true;
      this.#line = "";
    } else {
      this.#line += chunk.slice(start, end);
    }
  }

  #take(line: string): void {
    if (!line.startsWith(magic)) return;
    const match = linePattern.exec(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (match === null || !isDocumentKind(match[1] as string)) return;
    const [, kind, part, parts, hex, base64] = match as unknown as [
      string,
      DocumentKind,
      string,
      string,
      string,
      string,
    ];
    const pending = this.#open(kind, hex, Number(parts));
    if (pending !== null) addPiece(pending, Number(part), Buffer.from(base64, "base64"), this.#limits);
  }

  #open(kind: DocumentKind, hex: string, parts: number): Pending | null {
    if (this.#wanted?.has(`sha256:${hex}`) === false) return null;
    const key = `${kind} ${hex} ${parts}`;
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    if (this.#pending.size >= this.#limits.records) {
      this.#surplus = true;
      return null;
    }
    const pending: Pending = { kind, hex, parts, pieces: new Map(), bytes: 0 };
    this.#pending.set(key, pending);
    return pending;
  }
}

/** Reads the records of a log that is at hand as a whole. */
export function readRecords(
  text: string,
  limits: RecordLimits = defaultRecordLimits,
  wanted: ReadonlySet<string> | null = null,
): DecodedLog {
  const reader = new RecordReader(limits, wanted);
  reader.push(text);
  return reader.finish();
}

const isDocumentKind = (kind: string): kind is DocumentKind => Object.hasOwn(documents, kind);

const hexDigest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function addPiece(pending: Pending, part: number, piece: Buffer, limits: RecordLimits): void {
  if (pending.broken !== undefined) return;
  const known = pending.pieces.get(part);
  if (known?.equals(piece)) return;
  if (known !== undefined) giveUp(pending, `its part ${part} occurs twice with different contents`);
  else if (part < 1 || part > pending.parts) giveUp(pending, `it has a part ${part} of ${pending.parts}`);
  else if (pending.bytes + piece.length > limits.gzipBytes)
    giveUp(pending, `it is larger than ${limits.gzipBytes} bytes`);
  else {
    pending.pieces.set(part, piece);
    pending.bytes += piece.length;
  }
}

function giveUp(pending: Pending, why: string): void {
  pending.broken = why;
  pending.pieces.clear();
}

function decode(pending: Pending, limits: RecordLimits): DecodedRecord | string {
  const { kind, hex, parts, pieces } = pending;
  const what = `The ${kind} in the log`;
  if (pending.broken !== undefined) return `${what} cannot be read: ${pending.broken}.`;
  if (pieces.size < parts) return `${what} is incomplete: ${pieces.size} of ${parts} parts arrived.`;
  const gzip = Buffer.concat(Array.from({ length: parts }, (_, index) => pieces.get(index + 1) as Buffer));
  if (hexDigest(gzip) !== hex) return `${what} is damaged: its digest is not the announced one.`;
  try {
    const text = gunzipSync(gzip, { maxOutputLength: limits.inflatedBytes }).toString("utf8");
    const document = parseDocument(documents[kind], text, what);
    return { kind, digest: `sha256:${hex}`, gzip, document } as DecodedRecord;
  } catch (error) {
    return problemOf(what, error as NodeJS.ErrnoException, limits);
  }
}

function problemOf(what: string, error: NodeJS.ErrnoException, limits: RecordLimits): string {
  if (error.code === "ERR_BUFFER_TOO_LARGE") return `${what} inflates to more than ${limits.inflatedBytes} bytes.`;
  return error.code?.startsWith("Z_") ? `${what} is not a gzip: ${error.message}.` : error.message;
}
