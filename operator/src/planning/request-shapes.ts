import type { SizeSketch } from "@sweetspot/crds";
import { type RequestShape, seededRandom } from "@sweetspot/planner";

/** So many equally likely kinds of requests stand for the traffic. */
const kinds = 64;

/**
 * The traffic of a sketch as the simulator takes it: lengths and rows at evenly spaced ranks of their sketches, paired at random
 * with a fixed seed, because sketches do not tell which length came with how many rows. Empty without requests.
 */
export function requestShapes(lengths: SizeSketch, rows: SizeSketch, paddable: boolean): RequestShape[] {
  const sizes = atRanks(lengths);
  const counts = atRanks(rows);
  if (sizes.length === 0 || counts.length === 0) return [];
  const shuffled = shuffle(counts);
  return sizes.map((length, i) => ({ rows: shuffled[i] as number, length, group: paddable ? "" : `${length},` }));
}

function atRanks(sketch: SizeSketch): number[] {
  const total = sketch.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  return Array.from({ length: kinds }, (_, i) => {
    let rank = ((i + 0.5) / kinds) * total;
    const index = sketch.findIndex((count) => {
      rank -= count;
      return rank <= 0;
    });
    return sizeAt(index < 0 ? sketch.length - 1 : index);
  });
}

/** The size in the middle of what a sketch counts at an index. */
const sizeAt = (index: number): number => Math.max(1, Math.round(2 ** (index / 2)));

function shuffle(values: readonly number[]): number[] {
  const random = seededRandom(1);
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}
