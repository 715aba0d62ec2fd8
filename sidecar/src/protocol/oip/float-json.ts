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
  while (digits % 10 === 0) {
    digits /= 10;
    decimals -= 1;
  }
  return writeDigits(out, at, digits, decimals);
}

function writeRare(out: Buffer, at: number, value: number): number {
  const text = Number.isFinite(value) ? String(Number(value.toPrecision(significantDigits))) : "null";
  return at + out.write(text, at, "latin1");
}

/** How far the decimal point is moved so that nine digits stand before it. */
function decimalsFor(magnitude: number): number {
  let decimals = significantDigits - 1;
  if (magnitude >= 1) {
    while (magnitude >= (powers[significantDigits - decimals] as number)) decimals -= 1;
    return decimals;
  }
  let scaled = magnitude;
  while (scaled < 1) {
    scaled *= 10;
    decimals += 1;
  }
  return decimals;
}

/** Writes `digits` x 10^-decimals; at most ten digits, so that 32-bit arithmetic does nearly all of it. */
function writeDigits(out: Buffer, start: number, digits: number, decimals: number): number {
  const width = countDigits(digits);
  const whole = Math.max(1, width - decimals);
  const end = start + whole + (decimals > 0 ? decimals + 1 : 0);
  let rest = digits;
  let at = end - 1;
  for (let i = 0; i < decimals; i += 1) {
    const quotient = Math.floor(rest / 10);
    out[at--] = zero + rest - quotient * 10;
    rest = quotient;
  }
  if (decimals > 0) out[at--] = point;
  for (let padding = decimals; padding < 0; padding += 1) out[at--] = zero;
  do {
    const quotient = Math.floor(rest / 10);
    out[at--] = zero + rest - quotient * 10;
    rest = quotient;
  } while (at >= start);
  return end;
}

function countDigits(value: number): number {
  let width = 1;
  while (value >= (powers[width] as number)) width += 1;
  return width;
}
