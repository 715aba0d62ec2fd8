import { exponential, type Random } from "@sweetspot/planner";

/**
 * Instants of a Poisson process of constant rate in [0, `seconds`), increasing, in milliseconds.
 * The rate is the mean: the number of arrivals varies with it, as real traffic does.
 */
export function poissonArrivals(requestsPerSecond: number, seconds: number, random: Random): Float64Array {
  const meanGap = 1000 / requestsPerSecond;
  const end = seconds * 1000;
  const instants: number[] = [];
  for (let at = meanGap * exponential(random); at < end; at += meanGap * exponential(random)) instants.push(at);
  return Float64Array.from(instants);
}

/**
 * Which request of the mix comes next: each one once per pass, in a new random order each time, so that a short
 * stage already has the lengths of the whole mix.
 */
export function mixOrder(size: number, random: Random): () => number {
  const order = Int32Array.from({ length: size }, (_, index) => index);
  let position = size;
  return () => {
    if (position === size) {
      shuffle(order, random);
      position = 0;
    }
    return order[position++] ?? 0;
  };
}

function shuffle(order: Int32Array, random: Random): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
}
