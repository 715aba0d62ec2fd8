import { mostCorrections } from "@sweetspot/crds";

/** Ways to see a tensor: cut into channels along one axis, or turned over. Pure index arithmetic. */

/** Element i belongs to channel floor(i / stride) % channels. */
export interface Layout {
  readonly channels: number;
  readonly stride: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((size, axis) => size * axis, 1);

/** Below this the numbers of a channel cost about as much as its elements. */
const fewestPerChannel = 4;

/** The whole tensor as one channel, then each axis that has channels worth their numbers. */
export function layoutsOf(dims: readonly number[]): Layout[] {
  const elements = product(dims);
  const axes = dims.map((channels, axis) => ({ channels, stride: product(dims.slice(axis + 1)) }));
  const worthwhile = axes.filter(({ channels }) => channels > 1 && elements / channels >= fewestPerChannel);
  return [{ channels: 1, stride: elements }, ...worthwhile];
}

/** How [.., rows.., columns..] becomes `target`: undefined as it is, else the columns of the matrix to transpose. */
export function turnsOf(dims: readonly number[], target: readonly number[]): (number | undefined)[] {
  const [from, to] = [dims, target].map((sizes) => sizes.filter((size) => size !== 1)) as [number[], number[]];
  const turns = from.slice(1).flatMap((_, index) => {
    const split = index + 1;
    const [rows, columns] = [from.slice(0, split), from.slice(split)];
    return String([...columns, ...rows]) === String(to) ? [product(columns)] : [];
  });
  return String(from) === String(to) || turns.length === 0 ? [undefined, ...turns] : turns;
}

export type Numbers = Float32Array | Int8Array | Uint8Array;

/** Elements of one channel: all of them in order, or about `most` that are evenly spread. Copies only where it must. */
export function channelOf<T extends Numbers>(
  values: T,
  { channels, stride }: Layout,
  channel: number,
  most = Number.POSITIVE_INFINITY,
): T {
  const size = values.length / channels;
  const step = Math.max(1, Math.ceil(size / most));
  if (channels === 1 && step === 1) return values;
  const result = values.slice(0, Math.ceil(size / step)) as T;
  for (let index = 0; index < result.length; index++) {
    const within = index * step;
    const run = Math.floor(within / stride);
    result[index] = values[(run * channels + channel) * stride + (within - run * stride)] as number;
  }
  return result;
}

/** Elements of a channel that a first look takes. */
export const sampledElements = 1024;
const sampledChannels = 4;

/** Some elements of some channels: enough to refuse a wrong pairing of weights and results at once. */
export function* samples<W extends Numbers, R extends Numbers>(
  weights: W,
  results: R,
  layout: Layout,
): Generator<{ weights: W; results: R }> {
  const step = Math.max(1, Math.floor(layout.channels / sampledChannels));
  for (let channel = 0; channel < layout.channels; channel += step) {
    const take = <T extends Numbers>(values: T) => channelOf(values, layout, channel, sampledElements);
    yield { weights: take(weights), results: take(results) };
  }
}

/** [index, bits] of the elements that differ; null when they are more than `most`. */
export function differences(
  computed: Uint8Array | Uint32Array,
  wanted: Uint8Array | Uint32Array,
  most: number,
): [number, number][] | null {
  const found: [number, number][] = [];
  for (let index = 0; index < wanted.length; index++) {
    if (computed[index] === wanted[index]) continue;
    if (found.length === most) return null;
    found.push([index, wanted[index] as number]);
  }
  return found;
}

/** Corrections that a step may have: beyond, its tensor is cheaper as it is. */
export const correctionsFor = (elements: number): number => Math.min(mostCorrections, Math.floor(elements / 16));

/** The explanation that makes the smallest recipe among those of all layouts; null where no layout has one. */
export function cheapest<T extends Layout & { readonly corrections: readonly unknown[] }>(
  layouts: readonly Layout[],
  explain: (layout: Layout) => T | null,
): T | null {
  // The numbers of a channel and a correction take about as many bytes.
  const cost = ({ channels, corrections }: T) => channels + corrections.length;
  let best: T | null = null;
  for (const layout of layouts) {
    const found = explain(layout);
    if (found !== null && (best === null || cost(found) < cost(best))) best = found;
    if (best?.corrections.length === 0) break;
  }
  return best;
}
