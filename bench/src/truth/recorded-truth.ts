import { mean, median } from "@sweetspot/planner";
import { edgeOf } from "@sweetspot/tuner";
import type { RecordedRun, RecordedStage, Recording } from "./recording.ts";

/** One visit of a point, as if the machine had always had its median speed. */
export interface Visit {
  readonly run: RecordedRun;
  /** Capacity under the target, requests per second, with the machine's drift divided out. */
  readonly capacity: number;
  /** How fast the machine was for its servers, over its median. */
  readonly speed: number;
}

/** What a recording says of each point of its grid, in some of its passes. */
export class RecordedTruth {
  readonly recording: Recording;
  readonly passes: readonly number[];
  /** How fast the machine was for its servers, over its median, and until when: seconds since the recording began. */
  readonly speeds: readonly { readonly until: number; readonly speed: number }[];
  readonly #visits: readonly (readonly Visit[])[];

  /** `passes`: those that count; all when absent. */
  constructor(recording: Recording, passes: readonly number[] = completePasses(recording)) {
    this.recording = recording;
    this.passes = passes;
    const usual = median(recording.runs.flatMap(({ reference }) => reference));
    const measured = recording.runs.map((run) => ({ run, capacity: measuredCapacity(recording, run) }));
    const follow = elasticity(measured);
    const visits = measured.map(({ run, capacity }) => {
      const speed = (usual / referenceTime(run)) ** follow;
      return { run, speed, capacity: capacity / speed };
    });
    this.speeds = timelineOf(visits);
    this.#visits = recording.points.map((_, point) =>
      visits.filter(({ run }) => run.point === point && passes.includes(run.pass)),
    );
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

/** Where the climb of a visit found the edge of the target, requests per second: by its stages, as the tuner reads them today. */
export function measuredCapacity({ target }: Recording, { stages }: RecordedRun): number {
  return edgeOf(stages.slice(1).map(rungOf), target);
}

function rungOf([offeredRequestsPerSecond, , total, bad, p50, p90, p95, p99, maximum]: RecordedStage) {
  return {
    offeredRequestsPerSecond,
    counts: { total, late: bad, refused: 0, expired: 0, failed: 0, excluded: 0 },
    latencyMilliseconds: { p50, p90, p95, p99, p999: maximum, maximum },
  };
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

/**
 * How far capacities go with the machine's speed: 1 where a server that is visited while the reference is twice as fast takes twice
 * as much, 0 where the two have nothing to do with each other. The slope of the logarithms, each from its mean over the visits of
 * its point. A reference of a tenth of a second before and after a visit of fifteen mostly sees moments of the machine: to divide
 * all of it out would put its scatter into every capacity.
 */
export function elasticity(measured: readonly Pick<Visit, "run" | "capacity">[]): number {
  const found = measured.filter(({ capacity }) => capacity > 0);
  const deviations = [...Map.groupBy(found, ({ run }) => run.point).values()].flatMap((visits) => {
    const speeds = visits.map(({ run }) => -Math.log(referenceTime(run)));
    const capacities = visits.map(({ capacity }) => Math.log(capacity));
    const [speed, capacity] = [mean(speeds), mean(capacities)];
    return visits.map((_, i) => [(speeds[i] as number) - speed, (capacities[i] as number) - capacity] as const);
  });
  const spread = deviations.reduce((sum, [speed]) => sum + speed ** 2, 0);
  const together = deviations.reduce((sum, [speed, capacity]) => sum + speed * capacity, 0);
  return spread === 0 ? 0 : Math.min(1, Math.max(0, together / spread));
}

const referenceTime = ({ reference: [before, after] }: RecordedRun): number => Math.sqrt(before * after);

function timelineOf(visits: readonly Visit[]) {
  let until = 0;
  return visits.map(({ run, speed }) => {
    until += run.seconds;
    return { until, speed };
  });
}
