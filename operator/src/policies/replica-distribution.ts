/** One target at a look. */
export interface ReplicaClaim {
  /** Requests per second that one replica carries within the target; null while that was not measured. */
  readonly capacity: number | null;
  /** Replicas that the target was to have after the look before; 0 for a new one. */
  readonly standing: number;
}

/** Capacities of a re-tune that differ by less than this share move no pod: measurements are no better. */
const tolerance = 0.05;

/**
 * Distributes `replicas` over the targets in proportion to what one replica of each carries, to whole pods by the method of the
 * largest remainder (Hamilton). Each target has at least one; where there are not enough for that, those that have one keep it.
 * A target that was not measured counts like the mean of those that were.
 *
 * As little as possible differs from what stands: another number of replicas adds where most is missing and takes where most is too
 * much, and at the same number one pod moves at a time, only while `settled` (all pods of all targets answer) and only where the
 * move is right for all capacities within 5 % of those measured. Pure.
 */
export function distributeReplicas(replicas: number, claims: readonly ReplicaClaim[], settled: boolean): number[] {
  if (replicas < claims.length) return oneEach(replicas, claims);
  const weights = weightsOf(claims);
  const shares = sharesOf(replicas, weights);
  // Status may say anything: what is far beyond is not counted down one by one.
  const counts = claims.map(({ standing }) => Math.min(replicas, Math.max(1, standing)));
  const missing = (index: number) => (shares[index] as number) - (counts[index] as number);
  for (let given = sum(counts); given < replicas; given += 1) add(counts, largest(counts, missing), 1);
  for (let given = sum(counts); given > replicas; given -= 1) {
    const tooMuch = (index: number) => (counts[index] === 1 ? Number.NEGATIVE_INFINITY : -missing(index));
    add(counts, largest(counts, tooMuch), -1);
  }
  const stands = claims.every(({ standing }, index) => standing === counts[index]);
  return stands && settled ? withMove(replicas, weights, counts) : counts;
}

/** The same as evenly as whole pods allow, the first targets getting the rest: what stands where nothing was remembered. */
export const distributeEvenly = (replicas: number, targets: number): number[] =>
  Array.from({ length: targets }, (_, index) => Math.floor((replicas + targets - 1 - index) / targets));

/**
 * Requests per second that one replica carries, as the mean over so many of them distributed in proportion to `capacities` (of one
 * replica of each target). Where there is not one for each target, it is anybody's guess who has one: the least.
 */
export function meanCapacity(replicas: number, capacities: readonly number[]): number {
  if (replicas < capacities.length) return Math.min(...capacities);
  const weights = weightsOf(capacities.map((capacity) => ({ capacity, standing: 0 })));
  const shares = sharesOf(replicas, weights);
  return sum(capacities.map((capacity, index) => capacity * (shares[index] as number))) / replicas;
}

function oneEach(replicas: number, claims: readonly ReplicaClaim[]): number[] {
  const weights = weightsOf(claims);
  const first = claims
    .map(({ standing }, index) => ({ index, has: Math.min(1, standing), weight: weights[index] as number }))
    .sort((a, b) => b.has - a.has || b.weight - a.weight || a.index - b.index)
    .slice(0, replicas);
  return claims.map((_, index) => (first.some((one) => one.index === index) ? 1 : 0));
}

function weightsOf(claims: readonly ReplicaClaim[]): number[] {
  const known = claims.map(({ capacity }) => capacity).filter((capacity) => capacity !== null);
  // Targets of which nobody carries anything are alike, too.
  if (sum(known) === 0) return claims.map(() => 1);
  return claims.map(({ capacity }) => capacity ?? sum(known) / known.length);
}

/** In proportion to the weights, but not below one; there are as many replicas as weights, or more. */
function sharesOf(replicas: number, weights: readonly number[]): number[] {
  const least = new Set<number>();
  for (;;) {
    const total = weights.reduce((all, weight, index) => (least.has(index) ? all : all + weight), 0);
    const scale = total === 0 ? 0 : (replicas - least.size) / total;
    const below = weights.flatMap((weight, index) => (!least.has(index) && scale * weight < 1 ? [index] : []));
    if (below.length === 0) return weights.map((weight, index) => (least.has(index) ? 1 : scale * weight));
    for (const index of below) least.add(index);
  }
}

/** With the one move, if any, that brings whole pods nearer to the shares whatever the capacities are within the tolerance. */
function withMove(replicas: number, weights: readonly number[], counts: readonly number[]): number[] {
  const bound = (index: number, factor: number) => {
    const others = 1 / factor;
    const moved = weights.map((weight, other) => weight * (other === index ? factor : others));
    return (sharesOf(replicas, moved)[index] as number) - (counts[index] as number);
  };
  const to = largest(counts, (index) => bound(index, 1 - tolerance));
  const from = largest(counts, (index) =>
    counts[index] === 1 ? Number.NEGATIVE_INFINITY : -bound(index, 1 + tolerance),
  );
  const moved = [...counts];
  // Remainders of a largest-remainder distribution never differ by more than one pod.
  if (bound(to, 1 - tolerance) - bound(from, 1 + tolerance) <= 1 || counts[from] === 1) return moved;
  add(moved, to, 1);
  add(moved, from, -1);
  return moved;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** The index with the largest value; of equal ones the first. */
const largest = (counts: readonly number[], value: (index: number) => number): number =>
  counts.reduce((best, _, index) => (value(index) > value(best) ? index : best), 0);

function add(counts: number[], index: number, change: number): void {
  counts[index] = (counts[index] as number) + change;
}
