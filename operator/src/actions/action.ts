import type { RetuningWork, ServiceLevelTarget, ServingPlan } from "@sweetspot/crds";
import type { PlanSettings } from "@sweetspot/planner";
import type { Moment } from "../inference-deployment/loop/revisions.ts";
import type { StoredHistory } from "../inference-deployment/loop/stored-history.ts";
import type { Pod } from "../resources.ts";
import type { EventNote, KubernetesObject, Manifest, Resource } from "../runtime/index.ts";

/**
 * What the controllers may do to the world: all that a plan consists of. A plan is a list of these, decided by a pure
 * function; one interpreter carries them out in order.
 */
export type Action =
  | ApplyAction
  | CreateAction
  | DeleteAction
  | AnnotatePodAction
  | ApplyStatusAction
  | RecordEventAction
  | StoreResultAction
  | TakeAnswerAction
  | ReplanAction;

/** Server-side apply: brings the fields that we own to this state; nothing is sent when they are there already. */
export interface ApplyAction {
  readonly kind: "Apply";
  readonly resource: Resource;
  readonly manifest: Manifest & { readonly metadata: { readonly namespace: string } };
}

/**
 * For objects that never change once they are there; one that exists already is left alone. What is made starts a
 * measurement, so the owner is looked up with the API server first: the one in our cache may be gone, and what was made for
 * it would run until it is collected.
 */
export interface CreateAction {
  readonly kind: "Create";
  readonly resource: Resource;
  readonly manifest: ApplyAction["manifest"];
  readonly owner: { readonly resource: Resource; readonly object: KubernetesObject };
}

/** Deletes just this object, not one that was made anew under its name. */
export interface DeleteAction {
  readonly kind: "Delete";
  readonly resource: Resource;
  readonly object: KubernetesObject;
}

/** Sets annotations of ours on a pod; null removes one. */
export interface AnnotatePodAction {
  readonly kind: "AnnotatePod";
  readonly pod: Pod;
  readonly annotations: Readonly<Record<string, string | null>>;
}

export interface ApplyStatusAction {
  readonly kind: "ApplyStatus";
  readonly resource: Resource;
  readonly object: KubernetesObject;
  readonly status: object;
}

/** Tells people what was decided. Fire and forget: losing one changes nothing. */
interface RecordEventAction extends EventNote {
  readonly kind: "RecordEvent";
  readonly resource: Resource;
  readonly object: KubernetesObject;
}

/** Reads the records in the log of a finished tuning pod, checks them, and keeps them in a ConfigMap. */
export interface StoreResultAction {
  readonly kind: "StoreResult";
  readonly run: KubernetesObject;
  readonly pod: Pod;
  /** Digests that the records must have, as the termination message names them. */
  readonly reportDigest: string;
  readonly recipeDigest: string | null;
  readonly planDigest: string;
}

/** Keeps a copy of what another run has stored: the other one may go before this one does. */
export interface TakeAnswerAction {
  readonly kind: "TakeAnswer";
  readonly run: KubernetesObject;
  readonly from: KubernetesObject;
}

/** Looks for a plan in the tables of a run, and writes into the target's history what came of it. */
export interface ReplanAction {
  readonly kind: "Replan";
  /** The history's ConfigMap as it is: its data is replaced. */
  readonly manifest: ApplyAction["manifest"];
  readonly deployment: string;
  readonly target: string;
  readonly stored: StoredHistory;
  readonly work: RetuningWork;
  /** The run whose report has the tables. */
  readonly run: string;
  /** The plan that serves. */
  readonly plan: ServingPlan;
  readonly serviceLevel: ServiceLevelTarget;
  /** Settings that were tried and were not better. */
  readonly rejected: readonly PlanSettings[];
  readonly moment: Moment;
  /** Pods whose fitted cost tables the search is to begin from: addresses; none where the measured ones hold. */
  readonly fittedBy: readonly string[];
}

/** What a controller decided. */
export interface Plan {
  readonly actions: readonly Action[];
  /** Look again after so many milliseconds even if nothing changes; absent: only changes matter. */
  readonly requeueAfter?: number;
}
