import type { Random } from "@sweetspot/planner";
import type { Recording } from "./recording.ts";
import type { ReplayedMachine } from "./replayed-machine.ts";

/** A search that measures one point of the grid after the other until its time is up. Gives the index of its choice. */
export type RivalSearch = (
  grid: Recording,
  machine: ReplayedMachine,
  seconds: number,
  random: Random,
) => number | Promise<number>;

/** What a search has seen, of which it hands over the best. */
export class Seen {
  readonly #capacities = new Map<number, number>();

  /** Measures a point: capacity under the target as it seems, requests per second. One that was begun in time counts. */
  see(machine: ReplayedMachine, point: number): number {
    const capacity = machine.visit(point);
    this.#capacities.set(point, capacity);
    return capacity;
  }

  /** What a point was found to be worth; undefined before it was measured. */
  valueOf = (point: number): number | undefined => this.#capacities.get(point);

  best(): number {
    return [...this.#capacities].reduce((a, b) => (b[1] > a[1] ? b : a), [0, Number.NEGATIVE_INFINITY] as const)[0];
  }
}

/** Points in random order. */
export const randomSearch: RivalSearch = ({ points }, machine, seconds, random) => {
  const seen = new Seen();
  const order = points.map((_, point) => ({ point, at: random() })).sort((a, b) => a.at - b.at);
  for (const { point } of order) {
    if (machine.elapsedSeconds >= seconds) break;
    seen.see(machine, point);
  }
  return seen.best();
};

/**
 * As Triton's Model Analyzer does in its quick search: coordinate steps from the smallest configuration, each variant
 * in its turn, going on while a step up in instances or in the batch gives more.
 * Source: triton-inference-server/model_analyzer, `quick_run_config_generator.py`.
 */
export const hillClimb: RivalSearch = ({ points }, machine, seconds, random) => {
  const seen = new Seen();
  const variants = [...new Set(points.map(({ variant }) => variant))];
  const start = Math.floor(random() * variants.length);
  for (const [i] of variants.entries()) {
    const variant = variants[(start + i) % variants.length];
    const own = points.flatMap((point, index) => (point.variant === variant && !point.layout.spinning ? [index] : []));
    climbIn(own, points, seen, machine, seconds);
  }
  return seen.best();
};

function climbIn(
  own: readonly number[],
  points: Recording["points"],
  seen: Seen,
  machine: ReplayedMachine,
  seconds: number,
): void {
  const isOver = () => machine.elapsedSeconds >= seconds;
  const all: Place[] = own.map((index) => ({ index, at: coordinatesOf(points, index) }));
  let here = all.toSorted((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])[0];
  let height = here === undefined || isOver() ? null : seen.see(machine, here.index);
  while (here !== undefined && height !== null) {
    const from: Place = here;
    here = undefined;
    for (const step of all.filter((each) => isNeighbour(each, from) && seen.valueOf(each.index) === undefined)) {
      if (isOver()) return;
      const found = seen.see(machine, step.index);
      if (found > height) [here, height] = [step, found];
    }
  }
}

/** A point of the grid, and its place along instances and batching. */
interface Place {
  readonly index: number;
  readonly at: readonly [number, number];
}

const isNeighbour = ({ at: [a, b] }: Place, { at: [c, d] }: Place): boolean => Math.abs(a - c) + Math.abs(b - d) === 1;

/** Instances and batching, each as a place in the order of its values. */
function coordinatesOf(points: Recording["points"], index: number): [number, number] {
  const place = (value: (point: Recording["points"][number]) => number) => {
    const values = [...new Set(points.filter(({ layout }) => !layout.spinning).map(value))].sort((a, b) => a - b);
    return values.indexOf(value(points[index] as Recording["points"][number]));
  };
  return [place(({ layout }) => layout.instances), place(({ policy }) => policy.maximumRows)];
}
