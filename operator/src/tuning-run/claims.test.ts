import { describe, expect, it } from "vitest";
import { configMaps, type Job, jobs, type StoredTuningRun, tuningRuns } from "../resources.ts";
import { Store } from "../runtime/cache/store.ts";
import type { KubernetesObject } from "../runtime/index.ts";
import { ownerReference } from "../specs/owner.ts";
import { infd, now } from "../testing/objects.ts";
import { answered, runOf, storedResult } from "../testing/runs.ts";
import { Claims, runsByProfile } from "./claims.ts";
import { profileKey } from "./equal-runs.ts";

const versioned = <T extends KubernetesObject>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: "5" },
});

/** Claims over caches that hold these objects. */
function claimsOver(runs: readonly StoredTuningRun[], made: readonly Job[] = [], withReports = true): Claims {
  const indexes = { [runsByProfile]: (run: StoredTuningRun) => [profileKey(run) ?? ""] };
  const caches = { runs: new Store(tuningRuns, { indexes }), jobs: new Store(jobs), configMaps: new Store(configMaps) };
  caches.runs.replace(runs.map(versioned), "9");
  caches.jobs.replace(made.map(versioned), "9");
  caches.configMaps.replace(withReports ? runs.map(storedResult).map(versioned) : [], "9");
  return new Claims(caches);
}

const [mine, first] = ["mine", "first"].map((name) => runOf(infd({ "metadata.name": name }))) as [
  StoredTuningRun,
  StoredTuningRun,
];
const jobOf = ({ metadata }: StoredTuningRun, owner: StoredTuningRun): Job => ({
  metadata: {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    ownerReferences: [ownerReference(tuningRuns, owner)],
  },
});

describe("claims of equal runs", () => {
  it("are given to one of them, until it is gone", () => {
    const claims = claimsOver([mine, first]);
    expect(claims.equalRunFor(mine, now).kind).toBe("None");
    claims.claim(first);
    expect(claims.equalRunFor(mine, now)).toMatchObject({ kind: "Measures", run: { spec: first.spec } });
    expect(claims.equalRunFor(first, now).kind).toBe("None");
    const alone = claimsOver([mine]);
    alone.claim(first);
    expect(alone.equalRunFor(mine, now).kind).toBe("None");
  });

  it("are not needed where there is a Job, whatever status says by now", () => {
    expect(claimsOver([mine, first], [jobOf(first, first)]).equalRunFor(mine, now).kind).toBe("Measures");
    const heir = { ...first, metadata: { ...first.metadata, uid: "an-earlier-one" } };
    expect(claimsOver([mine, first], [jobOf(first, heir)]).equalRunFor(mine, now).kind).toBe("None");
  });

  it("do not count answers whose plan is gone", () => {
    const done = runOf(infd({ "metadata.name": "first" }), { progress: answered() });
    expect(claimsOver([mine, done]).equalRunFor(mine, now).kind).toBe("Answered");
    expect(claimsOver([mine, done], [], false).equalRunFor(mine, now).kind).toBe("None");
  });
});
