/**
 * Steps through the varints of a packed field. A value is two halves of 32 bits, because a BigInt for each would be an
 * order of magnitude slower.
 */
export class VarintCursor {
  /** Bits 0 to 31 of the present value, unsigned. */
  low = 0;
  /** Bits 32 to 63, unsigned. */
  high = 0;
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes the next value; false at the end. Throws `Error` where a value does not end, or is longer than 64 bits. */
  next(): boolean {
    if (this.#position >= this.#bytes.length) return false;
    const byte = this.#bytes[this.#position] as number;
    if (byte >= 128) return this.#long();
    this.#position += 1;
    this.low = byte;
    this.high = 0;
    return true;
  }

  #long(): boolean {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) break;
      this.#position += 1;
      const bits = byte & 127;
      if (shift < 32) low |= bits << shift;
      if (shift > 28) high |= bits << (shift - 32);
      else if (shift === 28) high |= bits >>> 4;
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    throw new Error("a varint does not end");
  }
}
