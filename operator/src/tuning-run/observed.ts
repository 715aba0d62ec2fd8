import type { NodeClass, TuningRunSpec } from "@sweetspot/crds";
import type { ConfigMap, Job, Pod, StoredTuningRun } from "../resources.ts";
import type { OperatorSettings } from "../settings.ts";
import type { EqualRun } from "./equal-runs.ts";

/** Everything that the plan for one TuningRun depends on. */
export interface ObservedRun {
  readonly run: StoredTuningRun;
  readonly spec: TuningRunSpec;
  readonly job: Job | undefined;
  /** The Job's newest pod. */
  readonly pod: Pod | undefined;
  /** The ConfigMap with the report, once it was stored. */
  readonly report: ConfigMap | undefined;
  /** False when the question names samples that are not there. */
  readonly samplesFound: boolean;
  /** Nodes that carry the labels of the selector. */
  readonly matchingNodes: number;
  /** Labels of the pod's node that tell kinds of nodes apart; undefined while it has none, and where the node carries none. */
  readonly nodeClass: NodeClass | undefined;
  /** Why the API server would not have the Job; null where it was not asked, or took it. */
  readonly refusal: string | null;
  /** Whose answer this run takes over, or whose it waits for. */
  readonly equal: EqualRun;
  readonly settings: OperatorSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The run has its answer, or will never have one: its status is not computed any more. */
export const isFinished = ({ status }: StoredTuningRun): boolean =>
  (status?.conditions ?? []).some(
    ({ type, status: value }) => (type === "Complete" || type === "Failed") && value === "True",
  );

/** Another run measures for it: it will have no Job of its own. */
export const waitsForEqual = ({ status }: StoredTuningRun): boolean =>
  (status?.conditions ?? []).some(({ type, reason }) => type === "Complete" && reason === "WaitingForEqual");
