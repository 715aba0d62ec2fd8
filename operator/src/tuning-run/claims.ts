import type { ConfigMap, Job, StoredTuningRun } from "../resources.ts";
import { keyOf, keyOfObject, type ReadCache } from "../runtime/index.ts";
import { reportName } from "../specs/names.ts";
import { isOwnedBy } from "../specs/owner.ts";
import { type EqualRun, equalRunFor, profileKey } from "./equal-runs.ts";
import { isFinished } from "./observed.ts";
import { reportKeys } from "./store-result.ts";

/** The index of the runs' cache that finds those of one profile. */
export const runsByProfile = "runsByProfile";

interface ClaimCaches {
  /** Has the index `runsByProfile`. */
  readonly runs: ReadCache<StoredTuningRun>;
  readonly jobs: ReadCache<Job>;
  readonly configMaps: ReadCache<ConfigMap>;
}

/**
 * Which run of each profile was told to measure, until its Job is seen. One process leads, and it decides without a pause, so that
 * this need not be written down: after a crash there is a Job, or nobody was told.
 */
export class Claims {
  readonly #caches: ClaimCaches;
  /** Keys of runs by their profile. */
  readonly #claimed = new Map<string, string>();

  constructor(caches: ClaimCaches) {
    this.#caches = caches;
  }

  claim(run: StoredTuningRun): void {
    const profile = profileKey(run);
    if (profile !== null) this.#claimed.set(profile, keyOfObject(run));
  }

  equalRunFor(run: StoredTuningRun, now: number): EqualRun {
    const profile = profileKey(run);
    if (profile === null) return { kind: "None" };
    const all = this.#caches.runs.byIndex(runsByProfile, profile);
    const others = all.filter((other) => other.status?.result === undefined || this.#hasPlan(other));
    const claimed = this.#claimedOf(profile);
    return equalRunFor(run, others, (other) => keyOfObject(other) === claimed || this.#hasJob(other), now);
  }

  /** An answer whose plan is gone helps nobody. */
  #hasPlan({ metadata: { namespace = "", name } }: StoredTuningRun): boolean {
    const report = this.#caches.configMaps.get(keyOf({ namespace, name: reportName(name) }));
    return report?.data?.[reportKeys.plan] !== undefined;
  }

  /** Status may not say so yet: an operator may have died in between. */
  #hasJob(run: StoredTuningRun): boolean {
    return run.status?.jobName !== undefined || isOwnedBy(this.#caches.jobs.get(keyOfObject(run)), run);
  }

  /** Key of the run; a claim is over when its run is, or has its Job. */
  #claimedOf(profile: string): string | undefined {
    const key = this.#claimed.get(profile);
    if (key === undefined) return undefined;
    const run = this.#caches.runs.get(key);
    const isOver = run === undefined || isFinished(run) || this.#hasJob(run);
    if (isOver) this.#claimed.delete(profile);
    return isOver ? undefined : key;
  }
}
