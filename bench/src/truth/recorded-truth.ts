import { mean, median } from "@sweetspot/planner";
import type { RecordedRun, Recording } from "./recording.ts";

/** Brackets of the reference further apart than this void a visit: the machine changed speed meanwhile. */
const bracketTolerance = 0.15;

/** One visit of a point, as if the machine had always had its median speed. */
export interface Visit {
  readonly run: RecordedRun;
  /** Capacity under the target, requests per second, with the machine's drift divided out. */
  readonly capacity: number;
  /** How fast the machine was, over its median. */
  readonly speed: number;
}

/** What a recording says of each point of its grid, in some of its passes. */
export class RecordedTruth {
  readonly recording: Recording;
  readonly passes: readonly number[];
  /** How fast the machine was, over its median, and until when: seconds since the recording began. */
  readonly speeds: readonly { readonly until: number; readonly speed: number }[];
  readonly #visits: readonly (readonly Visit[])[];

  /** `passes`: those that count; all when absent. */
  constructor(recording: Recording, passes: readonly number[] = completePasses(recording)) {
    this.recording = recording;
    this.passes = passes;
    const usual = median(recording.runs.flatMap(({ reference }) => reference));
    const visits = recording.runs.map((run) => visitOf(run, usual));
    this.speeds = timelineOf(visits);
    this.#visits = recording.points.map((_, point) => {
      const own = visits.filter(({ run }) => run.point === point && passes.includes(run.pass));
      const undisturbed = own.filter(({ run: { reference } }) => !isDisturbed(reference));
      return undisturbed.length > 0 ? undisturbed : own;
    });
  }

  /** Index of the point with this name; throws where the grid has none. */
  indexOf(name: string): number {
    const index = this.recording.points.findIndex((point) => point.name === name);
    if (index === -1) throw new Error(`${name} is no point of the recorded grid`);
    return index;
  }

  visitsOf(point: number): readonly Visit[] {
    return this.#visits[point] as readonly Visit[];
  }

  /** Mean capacity of a point under the target, requests per second. */
  capacityOf(point: number): number {
    return mean(this.visitsOf(point).map(({ capacity }) => capacity));
  }

  /** The point with the highest mean capacity: what a search that measures the whole grid finds. */
  best(): number {
    const capacities = this.recording.points.map((_, point) => this.capacityOf(point));
    return capacities.indexOf(Math.max(...capacities));
  }
}

/** Passes in which every point was visited. */
export function completePasses({ runs, points }: Recording): number[] {
  const passes = [...new Set(runs.map(({ pass }) => pass))];
  return passes.filter((pass) => runs.filter((run) => run.pass === pass).length === points.length);
}

/** Seconds of load in a visit, the run at 70 % of the capacity included or not. */
export const loadSeconds = ({ stages }: RecordedRun, from: "AllStages" | "Climb"): number =>
  stages.slice(from === "Climb" ? 1 : 0).reduce((sum, stage) => sum + stage[9], 0);

/** Seconds that measuring the grid took: the load on every point in all passes, and the starts of the servers. */
export const gridSeconds = ({ runs, starts }: Recording): number =>
  [...runs.map((run) => loadSeconds(run, "AllStages")), ...starts].reduce((sum, seconds) => sum + seconds, 0);

const isDisturbed = ([before, after]: RecordedRun["reference"]): boolean =>
  Math.max(before, after) / Math.min(before, after) > 1 + bracketTolerance;

function timelineOf(visits: readonly Visit[]) {
  let until = 0;
  return visits.map(({ run, speed }) => {
    until += run.seconds;
    return { until, speed };
  });
}

function visitOf(run: RecordedRun, usual: number): Visit {
  const speed = usual / Math.sqrt(run.reference[0] * run.reference[1]);
  return { run, speed, capacity: run.capacity / speed };
}
