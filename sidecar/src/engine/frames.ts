import { elementBytes, type Tensor } from "../tensor.ts";

/*
 * One frame on the engine's socket, little-endian throughout:
 *
 *   0        4              8                 8 + H, padded to 8
 *   +--------+--------------+-----------------+----------+----------+--
 *   | total  | header bytes | header (JSON)   | tensor 0 | tensor 1 | ...
 *   | u32    | H, u32       | H bytes, zeros  | zeros    | zeros    |
 *   +--------+--------------+-----------------+----------+----------+--
 *
 * `total` counts the whole frame, its own four bytes included. Everything is padded with zeros to a multiple of 8,
 * so a tensor that sits at a multiple of 8 in the frame sits at one in memory, and an engine can use it in place.
 * The header names the tensors in order: {"id": 7, "kind": "run", ..., "tensors": [{"name", "datatype", "shape",
 * "bytes"}]}.
 */

/** The largest frame that either side sends or accepts. */
export const maximumFrameBytes = 2 ** 30;
/** The largest JSON header; a header names tensors and holds no data. */
const maximumHeaderBytes = 2 ** 20;

const prefixBytes = 8;
const maximumRank = 64;
/** Up to here one copy into one buffer is cheaper than a vectored write. */
const joinBelowBytes = 2 ** 16;
const zeros = new Uint8Array(8);

/** What each header holds; further fields depend on the kind. */
export interface FrameHeader {
  /** Chosen by the asking side and repeated in the answer. */
  readonly id: number;
  readonly kind: string;
  readonly [field: string]: unknown;
}

export interface Frame {
  readonly header: FrameHeader;
  /** Views into one buffer of the frame's own, each aligned to 8 bytes. */
  readonly tensors: readonly Tensor[];
}

/** Bytes that are no frame, or a frame over the limits. The connection cannot be used any further. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

interface TensorHeader {
  readonly name: string;
  readonly datatype: Tensor["datatype"];
  readonly shape: readonly number[];
  readonly bytes: number;
}

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/**
 * Encodes one frame as chunks to be written in order. Big tensors are not copied, so their bytes must not change
 * until they are written. Throws `FrameError` when the frame exceeds `maximumFrameBytes`.
 */
export function encodeFrame(header: FrameHeader, tensors: readonly Tensor[] = []): Uint8Array[] {
  const json = Buffer.from(JSON.stringify({ ...header, tensors: tensors.map(tensorHeader) }));
  const headBytes = prefixBytes + padded(json.byteLength);
  const total = tensors.reduce((sum, tensor) => sum + padded(tensor.data.byteLength), headBytes);
  if (json.byteLength > maximumHeaderBytes) throw new FrameError(`a header of ${json.byteLength} bytes is too large`);
  if (total > maximumFrameBytes) throw new FrameError(`a frame of ${total} bytes is too large`);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(total, 0);
  head.writeUInt32LE(json.byteLength, 4);
  json.copy(head, prefixBytes);
  const chunks = [head, ...tensors.flatMap(paddedChunks)];
  return total <= joinBelowBytes ? [Buffer.concat(chunks, total)] : chunks;
}

function tensorHeader(tensor: Tensor): TensorHeader {
  return { name: tensor.name, datatype: tensor.datatype, shape: tensor.shape, bytes: tensor.data.byteLength };
}

function paddedChunks(tensor: Tensor): Uint8Array[] {
  const padding = padded(tensor.data.byteLength) - tensor.data.byteLength;
  return padding === 0 ? [tensor.data] : [tensor.data, zeros.subarray(0, padding)];
}

/**
 * Turns the bytes of a stream back into frames, however the stream cuts them. Each byte is copied once, into a buffer
 * that belongs to its frame. Memory for tensors is taken only after the header was read and found consistent.
 */
export class FrameDecoder {
  #stage: "prefix" | "header" | "payload" = "prefix";
  #target: Buffer = Buffer.alloc(prefixBytes);
  #filled = 0;
  #total = 0;
  #headerBytes = 0;
  #header: FrameHeader = { id: 0, kind: "" };
  #tensorHeaders: readonly TensorHeader[] = [];
  #broken: FrameError | null = null;

  /** Takes the next bytes and gives the frames that they complete. Throws `FrameError`, then and ever after. */
  push(chunk: Uint8Array): Frame[] {
    if (this.#broken !== null) throw this.#broken;
    try {
      return this.#consume(chunk);
    } catch (error) {
      this.#broken = error instanceof FrameError ? error : new FrameError(String(error));
      throw this.#broken;
    }
  }

  #consume(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let offset = 0;
    while (offset < chunk.byteLength) {
      const taken = Math.min(chunk.byteLength - offset, this.#target.byteLength - this.#filled);
      this.#target.set(chunk.subarray(offset, offset + taken), this.#filled);
      offset += taken;
      this.#filled += taken;
      const frame = this.#filled === this.#target.byteLength ? this.#advance() : null;
      if (frame !== null) frames.push(frame);
    }
    return frames;
  }

  #advance(): Frame | null {
    const part = this.#target;
    if (this.#stage === "prefix") return this.#readPrefix(part);
    if (this.#stage === "header") return this.#readHeader(part);
    return this.#finish(part);
  }

  #readPrefix(prefix: Buffer): null {
    this.#total = prefix.readUInt32LE(0);
    this.#headerBytes = prefix.readUInt32LE(4);
    if (this.#total > maximumFrameBytes) throw new FrameError(`a frame of ${this.#total} bytes is too large`);
    if (this.#headerBytes > maximumHeaderBytes) throw new FrameError("the header is too large");
    if (this.#headerBytes === 0 || this.#total % 8 !== 0 || prefixBytes + padded(this.#headerBytes) > this.#total) {
      throw new FrameError("the lengths of a frame contradict each other");
    }
    this.#expect("header", padded(this.#headerBytes));
    return null;
  }

  #readHeader(bytes: Buffer): Frame | null {
    const header = parseHeader(bytes.subarray(0, this.#headerBytes));
    this.#header = header;
    this.#tensorHeaders = checkTensors(header["tensors"]);
    const payload = this.#tensorHeaders.reduce((sum, tensor) => sum + padded(tensor.bytes), 0);
    if (prefixBytes + padded(this.#headerBytes) + payload !== this.#total) {
      throw new FrameError("the tensors do not fill their frame");
    }
    if (payload === 0) return this.#finish(Buffer.alloc(0));
    this.#expect("payload", payload);
    return null;
  }

  #finish(payload: Buffer): Frame {
    let offset = payload.byteOffset;
    const tensors = this.#tensorHeaders.map(({ name, datatype, shape, bytes }) => {
      const data = new Uint8Array(payload.buffer, offset, bytes);
      offset += padded(bytes);
      return { name, datatype, shape, data };
    });
    this.#expect("prefix", prefixBytes);
    return { header: this.#header, tensors };
  }

  #expect(stage: "prefix" | "header" | "payload", bytes: number): void {
    this.#stage = stage;
    // Not from Node's shared pool: its slices start anywhere, and a frame must own what its tensors point into.
    this.#target = Buffer.allocUnsafeSlow(bytes);
    this.#filled = 0;
  }
}

function parseHeader(bytes: Buffer): FrameHeader {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new FrameError("the header is not JSON");
  }
  if (!isObject(header) || !isCount(header["id"]) || typeof header["kind"] !== "string") {
    throw new FrameError("the header has no id or no kind");
  }
  return header as unknown as FrameHeader;
}

function checkTensors(list: unknown): TensorHeader[] {
  if (!Array.isArray(list)) throw new FrameError("the header lists no tensors");
  for (const item of list) if (!isTensorHeader(item)) throw new FrameError("the header describes no valid tensor");
  return list as TensorHeader[];
}

function isTensorHeader(value: unknown): boolean {
  if (!isObject(value) || typeof value["name"] !== "string" || !isCount(value["bytes"])) return false;
  const shape = value["shape"];
  return isDatatype(value["datatype"]) && Array.isArray(shape) && shape.length <= maximumRank && shape.every(isCount);
}

function isDatatype(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const width: unknown = elementBytes(value as Tensor["datatype"]);
  return width === null || typeof width === "number";
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
