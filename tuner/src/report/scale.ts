/** Maps values of one axis to drawing coordinates. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Where an axis lies in the drawing: from the coordinate of its least value to that of its greatest. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** A linear axis from zero to a little above the greatest value, with about five round ticks. */
export function linearScale(values: readonly number[], { from, to }: Extent): Scale {
  const greatest = Math.max(0, ...values);
  const step = roundStep((greatest === 0 ? 1 : greatest) / 5);
  const top = step * Math.max(1, Math.ceil((greatest * 1.02) / step));
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { at: (value) => from + ((to - from) * value) / top, ticks };
}

/** 1, 2 or 5 times a power of ten, not below the wish. */
function roundStep(wish: number): number {
  const power = 10 ** Math.floor(Math.log10(wish));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= wish * 0.999) ?? 10;
  return factor * power;
}

/** A logarithmic axis that spans positive values with some room, ticks at 1, 2 and 5 times the powers of ten. */
export function logScale(values: readonly number[], { from, to }: Extent): Scale {
  const low = Math.min(...values) / 1.15;
  const high = Math.max(...values) * 1.15;
  const width = Math.log(high / low);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const factors = last - first > 3 ? [1] : [1, 2, 5];
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
    .flatMap((power) => factors.map((factor) => factor * power))
    .filter((tick) => tick >= low && tick <= high);
  return { at: (value) => from + ((to - from) * Math.log(value / low)) / width, ticks };
}

/** A logarithmic axis whose ticks are the values themselves: for the few batch sizes of a cost table. */
export function categoryScale(values: readonly number[], extent: Extent): Scale {
  const ticks = [...new Set(values)].sort((a, b) => a - b);
  return { at: logScale(values, extent).at, ticks };
}

/** A logarithmic axis of factors that has 1 on it, with ticks that people read easily. */
export function factorScale(values: readonly number[], extent: Extent): Scale {
  const spanned = [...values, 0.8, 1.25];
  const { at } = logScale(spanned, extent);
  const [low, high] = [Math.min(...spanned) / 1.15, Math.max(...spanned) * 1.15];
  const steps = high / low > 8 ? [1, 2, 5] : [1, 1.25, 1.5, 2, 3, 4, 5, 6, 8];
  const ticks = [0.01, 0.1, 1, 10, 100].flatMap((power) => steps.map((step) => step * power));
  return { at, ticks: ticks.filter((tick) => tick >= low && tick <= high) };
}
