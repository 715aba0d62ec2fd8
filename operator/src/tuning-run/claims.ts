import type { ConfigMap, StoredTuningRun } from "../resources.ts";
import { keyOf, keyOfObject, type ReadCache } from "../runtime/index.ts";
import { reportName } from "../specs/names.ts";
import { type EqualRun, equalRunFor, profileKey } from "./equal-runs.ts";
import { isFinished } from "./observed.ts";
import { reportKeys } from "./store-result.ts";

/** The index of the runs' cache that finds those of one profile. */
export const runsByProfile = "runsByProfile";

/**
 * Which run of each profile was told to measure, until its Job is seen. One process leads, and it decides without a pause, so that
 * this need not be written down: after a crash there is a Job, or nobody was told.
 */
export class Claims {
  readonly #runs: ReadCache<StoredTuningRun>;
  readonly #reports: ReadCache<ConfigMap>;
  /** Keys of runs by their profile. */
  readonly #claimed = new Map<string, string>();

  constructor(runs: ReadCache<StoredTuningRun>, reports: ReadCache<ConfigMap>) {
    this.#runs = runs;
    this.#reports = reports;
  }

  claim(run: StoredTuningRun): void {
    const profile = profileKey(run);
    if (profile !== null) this.#claimed.set(profile, keyOfObject(run));
  }

  equalRunFor(run: StoredTuningRun, now: number): EqualRun {
    const profile = profileKey(run);
    if (profile === null) return { kind: "None" };
    const all = this.#runs.byIndex(runsByProfile, profile);
    const others = all.filter((other) => other.status?.result === undefined || this.#hasPlan(other));
    return equalRunFor(run, others, this.#claimedOf(profile), now);
  }

  /** An answer whose plan is gone helps nobody. */
  #hasPlan({ metadata: { namespace = "", name } }: StoredTuningRun): boolean {
    return this.#reports.get(keyOf({ namespace, name: reportName(name) }))?.data?.[reportKeys.plan] !== undefined;
  }

  /** A claim is over when its run is, or says that it has a Job. */
  #claimedOf(profile: string): string | undefined {
    const key = this.#claimed.get(profile);
    if (key === undefined) return undefined;
    const run = this.#runs.get(key);
    const isOver = run === undefined || run.status?.jobName !== undefined || isFinished(run);
    if (isOver) this.#claimed.delete(profile);
    return isOver ? undefined : run.metadata.name;
  }
}
