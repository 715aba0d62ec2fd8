import { TuningRunSpec } from "@sweetspot/crds";
import { parsedOnce } from "../parsed-once.ts";
import type { StoredTuningRun } from "../resources.ts";
import { profileOf } from "../specs/tuning-question.ts";
import { pauseAfter } from "./pause.ts";

/** What the measurements of other runs mean for one that asks the same. */
export type EqualRun =
  /** It measures itself. */
  | { readonly kind: "None" }
  | { readonly kind: "Answered"; readonly run: StoredTuningRun }
  /** `milliseconds`: how long, where it is known. */
  | { readonly kind: "Measures"; readonly run: StoredTuningRun; readonly milliseconds?: number };

const own: EqualRun = { kind: "None" };

/** Names the profile of a run within its namespace; null where the question cannot be read. */
export const profileKey = parsedOnce(({ metadata, spec }: StoredTuningRun): string | null => {
  const { success, data } = TuningRunSpec.safeParse(spec);
  return success ? `${metadata.namespace}/${profileOf(data)}` : null;
});

/** Who asks for these wants a new measurement, and not one that is there. */
const measuresItself = ({ spec }: StoredTuningRun): boolean => spec.trigger === "Drift" || spec.trigger === "Manual";

/** Those that took an answer over are no source of one. */
const measures = ({ status }: StoredTuningRun): boolean => status?.answerFrom === undefined;

/** Another attempt for the same target is made because the ones before it do not do. */
const isForSameTarget = ({ spec: one }: StoredTuningRun, { spec: other }: StoredTuningRun): boolean =>
  one.inferenceDeployment === other.inferenceDeployment && one.target === other.target;

const holds = ({ status }: StoredTuningRun, type: "Complete" | "Failed"): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === "True");

/**
 * What a run that has no Job yet has from the others of its profile. Of a thousand equal ones the first measures, and the others wait
 * for its answer; where it fails, the next one tries, after a pause that grows with each failure. Names are compared within a
 * namespace only: equal names of ConfigMaps and volumes elsewhere are other things.
 * @param others runs of the same profile
 * @param isMeasuring whether a run that is not over has a Job, or was told to make one
 */
export function equalRunFor(
  run: StoredTuningRun,
  others: readonly StoredTuningRun[],
  isMeasuring: (run: StoredTuningRun) => boolean,
  now: number,
): EqualRun {
  if (measuresItself(run)) return own;
  const sources = others.filter((other) => !isForSameTarget(other, run) && measures(other));
  const newestFirst = sources.toSorted((a, b) => finishedAt(b).localeCompare(finishedAt(a)));
  const answered = newestFirst.find((other) => holds(other, "Complete"));
  if (answered !== undefined) return { kind: "Answered", run: answered };
  const failed = newestFirst.filter((other) => holds(other, "Failed"));
  const measuring = sources.find((other) => !failed.includes(other) && isMeasuring(other));
  if (measuring !== undefined) return { kind: "Measures", run: measuring };
  const [last] = failed;
  if (last === undefined) return own;
  const milliseconds = Date.parse(finishedAt(last)) + pauseAfter(failed.length) - now;
  return milliseconds > 0 ? { kind: "Measures", run: last, milliseconds } : own;
}

const finishedAt = ({ status }: StoredTuningRun): string => status?.finishedAt ?? "";
