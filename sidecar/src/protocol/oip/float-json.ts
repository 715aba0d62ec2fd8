/** Bytes of the longest number: sign, digits, point, exponent. */
const longestNumber = 26;
const significantDigits = 9;
/** Between these bounds numbers are written by integer arithmetic; others are rare and left to the engine. */
const smallest = 1e-5;
const largest = 1e9;

const zero = 48;
const point = 46;
const minus = 45;
const comma = 44;

/** 10^0 to 10^22 are exact in a double. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

let scratch = Buffer.allocUnsafeSlow(1 << 16);

/**
 * The elements of an FP32 tensor as JSON, without brackets: nine significant digits, which give back the same float
 * when they are read. (JavaScript prints a float as the double that it is, with 17 digits, and takes ten times as long.)
 * NaN and infinities become `null`.
 */
export function floatsJson(values: Float32Array): string {
  if (scratch.length < values.length * longestNumber) scratch = Buffer.allocUnsafeSlow(values.length * longestNumber);
  let at = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (i > 0) scratch[at++] = comma;
    at = writeFloat(scratch, at, values[i] as number);
  }
  const text = scratch.toString("latin1", 0, at);
  // One huge answer shall not hold its memory for ever.
  if (scratch.length > 1 << 24) scratch = Buffer.allocUnsafeSlow(1 << 16);
  return text;
}

/** Writes one number and gives the position behind it. */
function writeFloat(out: Buffer, start: number, value: number): number {
  let at = start;
  if (value === 0) {
    out[at] = zero;
    return at + 1;
  }
  const magnitude = Math.abs(value);
  if (!(magnitude >= smallest && magnitude < largest)) return writeRare(out, at, value);
  if (value < 0) out[at++] = minus;
  let decimals = decimalsFor(magnitude);
  let digits = Math.round(magnitude * (powers[decimals] as number));
  if (digits === largest) {
    digits /= 10;
    decimals -= 1;
  }
  return decimals < significantDigits
    ? writeMixed(out, at, digits, decimals)
    : writeFraction(out, at, digits, decimals);
}

function writeRare(out: Buffer, at: number, value: number): number {
  const text = Number.isFinite(value) ? String(Number(value.toPrecision(significantDigits))) : "null";
  return at + out.write(text, at, "latin1");
}

/** How far the decimal point is moved so that nine digits stand before it. */
function decimalsFor(magnitude: number): number {
  let decimals = magnitude < 1 ? significantDigits : significantDigits - 1;
  while (magnitude * (powers[decimals] as number) >= largest) decimals -= 1;
  while (magnitude * (powers[decimals] as number) < largest / 10) decimals += 1;
  return decimals;
}

/** `digits` x 10^-decimals below 1: zeros, then all nine digits. */
function writeFraction(out: Buffer, start: number, digits: number, decimals: number): number {
  let at = start;
  out[at++] = zero;
  out[at++] = point;
  for (let zeros = decimals - significantDigits; zeros > 0; zeros -= 1) out[at++] = zero;
  return withoutTrailingZeros(out, writeNine(out, at, digits));
}

/** `digits` x 10^-decimals from 1 up: the point stands among the digits or behind them. */
function writeMixed(out: Buffer, start: number, digits: number, decimals: number): number {
  const end = writeNine(out, start, digits);
  if (decimals === 0) return end;
  const at = end - decimals;
  for (let i = end; i > at; i -= 1) out[i] = out[i - 1] as number;
  out[at] = point;
  const last = withoutTrailingZeros(out, end + 1);
  return last === at + 1 ? at : last;
}

function withoutTrailingZeros(out: Buffer, end: number): number {
  let last = end;
  while (out[last - 1] === zero) last -= 1;
  return last;
}

/** "000" to "999": three digits by one look instead of three divisions. */
const triples = Buffer.from(Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, "0")).join(""));

/** Writes a whole number of exactly nine digits. */
function writeNine(out: Buffer, start: number, digits: number): number {
  const millions = Math.floor(digits / 1_000_000);
  const rest = digits - millions * 1_000_000;
  const thousands = Math.floor(rest / 1000);
  writeTriple(out, start, millions);
  writeTriple(out, start + 3, thousands);
  writeTriple(out, start + 6, rest - thousands * 1000);
  return start + significantDigits;
}

function writeTriple(out: Buffer, at: number, number: number): void {
  const from = 3 * number;
  out[at] = triples[from] as number;
  out[at + 1] = triples[from + 1] as number;
  out[at + 2] = triples[from + 2] as number;
}
