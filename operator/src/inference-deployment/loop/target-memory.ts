import type { RetuningState } from "@sweetspot/crds";
import type { ServiceLevelVerdict } from "../../policies/service-level.ts";

/**
 * What the process remembers of a target from one look at its pods to the next, besides what is stored. Losing it costs
 * nothing but time: pods tell of an hour.
 */
export interface TargetMemory {
  /** The plan and the target that `level` is of. */
  readonly subject: string;
  readonly level: Pick<ServiceLevelVerdict, "state" | "began"> | null;
  /** A cause that was seen and is not acted on yet. */
  readonly pending: RetuningState["pending"];
  /** Share of missed requests that status shows: it is written anew only when it says something else. */
  readonly shownShare: number | null;
}

export const noMemory: TargetMemory = { subject: "", level: null, pending: null, shownShare: null };
