/** How the elements of a step fall into channels: element i belongs to channel floor(i / stride) % channels. */
export interface ChannelLayout {
  readonly channels: number;
  readonly stride: number;
}

/** Element types that weights are quantized to, with the range that a result is clipped to. */
export const integerRanges = { INT8: [-128, 127], UINT8: [0, 255] } as const;
export type IntegerType = keyof typeof integerRanges;

export interface Quantization extends ChannelLayout {
  readonly type: IntegerType;
  /** One a channel. */
  readonly scales: Float32Array;
  readonly zeroPoints: Int8Array | Uint8Array;
}

/** Added to a number below 2^51 and taken away again, it leaves the nearest integer, ties to even. */
const rounder = 1.5 * 2 ** 52;

/**
 * clip(round(weight / scale) + zero point) of each weight, as two's complement bytes in `target`. The division rounds to
 * FP32 and ties go to the even integer, as numpy does it for onnxruntime's `quantize_nparray`. `first` is the index
 * of `weights[0]` in its tensor.
 */
export function quantizeInto(target: Uint8Array, weights: Float32Array, first: number, how: Quantization): void {
  const [low, high] = integerRanges[how.type];
  forEachRun(weights.length, first, how, (start, end, channel) => {
    const scale = how.scales[channel] as number;
    const zeroPoint = how.zeroPoints[channel] as number;
    for (let index = start; index < end; index++) {
      const rounded = Math.fround((weights[index] as number) / scale) + rounder - rounder + zeroPoint;
      target[index] = Math.min(Math.max(rounded, low), high);
    }
  });
}

/** weight × factor of its channel, rounded to FP32. `first` as above. */
export function multiplyInto(
  target: Float32Array,
  weights: Float32Array,
  first: number,
  how: ChannelLayout & { readonly factors: Float32Array },
): void {
  forEachRun(weights.length, first, how, (start, end, channel) => {
    const factor = how.factors[channel] as number;
    for (let index = start; index < end; index++) target[index] = (weights[index] as number) * factor;
  });
}

/** [rows, columns] → [columns, rows]. */
export function transpose(values: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const rows = values.length / columns;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return result;
}

/** Calls `visit` for each run of neighbours of one channel, with positions counted from `first`. */
function forEachRun(
  length: number,
  first: number,
  { channels, stride }: ChannelLayout,
  visit: (start: number, end: number, channel: number) => void,
): void {
  let start = 0;
  while (start < length) {
    const run = Math.floor((first + start) / stride);
    const end = Math.min(length, (run + 1) * stride - first);
    visit(start, end, run % channels);
    start = end;
  }
}
