const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const semicolon = 0x3b;

/** Sizes, extensions and trailers may take so many bytes per chunk: whoever sends more sends no inference answer. */
const maximumOverhead = 65_536;

/** Digits of a size that a double still holds exactly. */
const maximumDigits = 13;

type Step = "Size" | "Extension" | "SizeEnd" | "Data" | "DataReturn" | "DataEnd" | Trailer | "Whole" | "Malformed";
type Trailer = "TrailerStart" | "Trailer" | "TrailerEnd" | "LastEnd";

/** Finds the end of a body in `Transfer-Encoding: chunked` (RFC 9112, section 7.1). Its bytes are counted, not kept. */
export class ChunkedBody {
  #step: Step = "Size";
  #size = 0;
  #digits = 0;
  #overhead = 0;

  get isWhole(): boolean {
    return this.#step === "Whole";
  }

  get isMalformed(): boolean {
    return this.#step === "Malformed";
  }

  /** Reads from `start` to the end of the body, or to `end`; returns the index behind what it read. */
  read(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#step !== "Whole" && this.#step !== "Malformed") {
      if (this.#step === "Data") at = this.#skipData(at, end);
      else this.#step = ++this.#overhead > maximumOverhead ? "Malformed" : this.#after(bytes[at++] as number);
    }
    return at;
  }

  #skipData(at: number, end: number): number {
    const skipped = Math.min(this.#size, end - at);
    this.#size -= skipped;
    if (this.#size === 0) this.#step = "DataReturn";
    return at + skipped;
  }

  #after(byte: number): Step {
    switch (this.#step) {
      case "Size":
        return this.#afterSize(byte);
      case "Extension":
        return byte === carriageReturn ? "SizeEnd" : refuse(byte === lineFeed, "Extension");
      case "SizeEnd":
        return byte === lineFeed ? this.#afterSizeLine() : "Malformed";
      case "DataReturn":
        return byte === carriageReturn ? "DataEnd" : "Malformed";
      case "DataEnd":
        return byte === lineFeed ? this.#nextChunk() : "Malformed";
      default:
        return afterTrailer(this.#step as Trailer, byte);
    }
  }

  #afterSize(byte: number): Step {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit;
      return refuse(++this.#digits > maximumDigits, "Size");
    }
    if (this.#digits === 0) return "Malformed";
    if (byte === carriageReturn) return "SizeEnd";
    // Some servers pad the size with blanks.
    return byte === semicolon || byte === 0x20 || byte === 0x09 ? "Extension" : "Malformed";
  }

  #afterSizeLine(): Step {
    return this.#size === 0 ? "TrailerStart" : "Data";
  }

  #nextChunk(): Step {
    this.#digits = 0;
    this.#overhead = 0;
    return "Size";
  }
}

function afterTrailer(step: Trailer, byte: number): Step {
  if (step === "LastEnd") return byte === lineFeed ? "Whole" : "Malformed";
  if (step === "TrailerEnd") return byte === lineFeed ? "TrailerStart" : "Malformed";
  if (byte !== carriageReturn) return refuse(byte === lineFeed, "Trailer");
  return step === "TrailerStart" ? "LastEnd" : "TrailerEnd";
}

const refuse = (wrong: boolean, otherwise: Step): Step => (wrong ? "Malformed" : otherwise);

/** The value of a hexadecimal digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
