import type { NodeClass, Target } from "@sweetspot/crds";
import { isReady, type PodProblem, problemOf } from "../pods/pod-state.ts";
import { classOfMost, judgeNodes, type NodeVerdict, type PodOnNode } from "../policies/node-kinds.ts";
import { distributeEvenly, distributeReplicas } from "../policies/replica-distribution.ts";
import type { Pod } from "../resources.ts";
import { type Question, questionOf } from "../specs/tuning-question.ts";
import { type Answer, answersFor } from "./answer.ts";
import { type Scaling, scaleByLoad } from "./autoscaling.ts";
import { measuredKind, podsOnNodes, podsWithoutPlan, type WantedPlan, wantedPlan } from "./kinds.ts";
import { controlTarget, type TargetControl } from "./loop/control.ts";
import { type PersonRequests, personRequests } from "./loop/person-requests.ts";
import { revisionNamed, type Serving } from "./loop/serving.ts";
import type { Observed, ObservedTarget } from "./observed.ts";
import { type PodPlanState, podPlanState } from "./rollout.ts";
import { type Attempt, latestAttempt, waitsForRoom } from "./tuning.ts";

/** What one target is and should be, drawn from what was observed: the base of its actions and of its status. */
export interface TargetState extends TargetControl {
  readonly observed: ObservedTarget;
  readonly target: Target;
  readonly question: Question;
  /** Replicas by the spec, or by the load where the spec says so. */
  readonly wanted: number;
  /** The same of all targets together. */
  readonly wantedInAll: number;
  /** Replicas that the Deployment gets: fewer while a pod makes room for the tuning Job, none before a first tuning that is waited for. */
  readonly replicas: number;
  readonly yielding: boolean;
  readonly ready: readonly Pod[];
  /** The first pod that cannot run, and why. */
  readonly problem: { readonly pod: Pod; readonly problem: PodProblem } | null;
  readonly attempt: Attempt | null;
  /** The best measurement; what serves may be an older one, or a plan found in its tables since. */
  readonly answer: Answer | null;
  /** All that still say how to serve the target, best first. */
  readonly answers: readonly Answer[];
  /** The plan that is tried beside the one that serves; null while none is. */
  readonly candidate: Serving | null;
  /** Per pod, what it should run and whether it does; empty without a plan. */
  readonly plans: readonly { readonly pod: Pod; readonly plan: WantedPlan; readonly state: PodPlanState }[];
  /** What the nodes of the ready pods say of the measurement that serves. */
  readonly nodes: NodeVerdict;
  /** The kind of node that most of them run on; undefined where none is known. */
  readonly nodeClass: NodeClass | undefined;
}

/** All targets, and how many replicas they are to have together. */
export interface DeploymentState {
  readonly states: readonly TargetState[];
  readonly scaling: Scaling;
}

export function deploymentState(observed: Observed): DeploymentState {
  const watched = observed.targets.map((target) => watch(observed, target));
  const scaling = scaleByLoad(
    observed,
    watched.map(({ control }) => control),
  );
  const shares = sharesOf(observed, watched, scaling);
  const states = watched.map((one, index) => stateOf(observed, one, shares[index] as Share, scaling.replicas));
  return { states, scaling };
}

/** What each target is to have now, and was to have at the look before, which status remembers. */
function sharesOf({ infd }: Observed, watched: readonly Watched[], { replicas, before }: Scaling): Share[] {
  const said = watched.map(
    ({ observed }) => infd.status?.targets?.find(({ name }) => name === observed.target.name)?.desiredReplicas,
  );
  // Operators that did not say so distributed evenly.
  const even = distributeEvenly(before, watched.length);
  const forgotten = said.every((count) => count === undefined);
  const standing = said.map((count, index) => (forgotten ? (even[index] as number) : (count ?? 0)));
  const claims = watched.map(({ control }, index) => ({
    capacity: control.serving?.revision.capacityRequestsPerSecond ?? null,
    standing: standing[index] as number,
  }));
  const settled = watched.every(
    ({ ready, observed }, index) => ready.length === standing[index] && observed.pods.length === standing[index],
  );
  return distributeReplicas(replicas, claims, settled).map((now, index) => ({
    now,
    before: standing[index] as number,
  }));
}

/** One target as it is, whatever its size is to be. */
interface Watched extends Pick<TargetState, "observed" | "question" | "attempt" | "answers" | "ready"> {
  readonly requests: PersonRequests;
  readonly onNodes: readonly PodOnNode[];
  readonly control: TargetControl;
}

function watch(all: Observed, observed: ObservedTarget): Watched {
  const { infd, spec, now } = all;
  const { target, pods } = observed;
  const question = questionOf(infd.metadata.name, spec, target);
  const tunes = spec.tuning.mode !== "Disabled";
  const attempt = tunes ? latestAttempt(question, observed) : null;
  const answers = tunes ? answersFor(question, observed) : [];
  const ready = pods.filter(isReady);
  const requests = personRequests(infd);
  const onNodes = podsOnNodes(ready, observed, all.nodes, all.settings.nodeClassLabels);
  const control = controlTarget({
    observed,
    ready,
    pods: onNodes,
    spec,
    generation: infd.metadata.generation ?? 0,
    requests,
    answers,
    attempts: { last: attempt?.attempt ?? 0, failed: attempt?.state === "Failed" },
    jobs: jobsBeside(all, pods),
    previous: infd.status?.targets?.find(({ name }) => name === target.name)?.diagnosis,
    scaling: spec.autoscaling === undefined ? null : (infd.status?.autoscaling?.reason ?? "CapacityUnknown"),
    now,
    baselineSeconds: all.settings.baselineSeconds,
  });
  return { observed, question, attempt, answers, ready, requests, onNodes, control };
}

/** Replicas of one target, and how many were wanted at the look before. */
interface Share {
  readonly now: number;
  readonly before: number;
}

function stateOf(all: Observed, watched: Watched, share: Share, wantedInAll: number): TargetState {
  const { spec, now } = all;
  const { observed, question, attempt, answers, ready, requests, onNodes, control } = watched;
  const { target, pods } = observed;
  const answer = answers[0] ?? null;
  const { serving } = control;
  const without = podsWithoutPlan(serving, onNodes, spec, requests.pin !== null);
  const held = spec.rollout.initial === "WaitForTuning" && answer === null;
  const yielding = !held && yields(spec.tuning.whenFull, observed, attempt, share);
  return {
    ...control,
    observed,
    target,
    question,
    wanted: share.now,
    wantedInAll,
    replicas: held ? 0 : Math.max(0, share.now - (yielding ? 1 : 0)),
    yielding,
    ready,
    problem: firstProblem(pods),
    attempt,
    answer,
    answers,
    candidate: candidateOf(control, answers),
    plans:
      serving === null ? [] : pods.map((pod) => planOf(pod, wantedPlan(pod, serving.plan, without), observed, now)),
    nodes: judgeNodes(serving === null ? null : measuredKind(serving.answer), onNodes),
    nodeClass: classOfMost(onNodes),
  };
}

/** Nothing is tried beside a plan that a person has pinned instead of the one that would serve. */
function candidateOf({ serving, stored }: TargetControl, answers: readonly Answer[]): Serving | null {
  const trial = stored?.history.trial ?? null;
  if (stored === null || trial === null || serving?.revision.name !== stored.history.serving) return null;
  return revisionNamed(trial.revision, stored, answers);
}

const planOf = (pod: Pod, plan: WantedPlan, observed: ObservedTarget, now: number) => ({
  pod,
  plan,
  state: podPlanState(pod, plan, observed, now),
});

/** Tuning Jobs that run or wait, in the cluster and on the nodes of these pods. */
function jobsBeside({ unfinishedRuns }: Observed, pods: readonly Pod[]) {
  const nodes = new Set(pods.map(({ spec }) => spec?.nodeName));
  const node = unfinishedRuns.filter(({ status }) => status?.nodeName !== undefined && nodes.has(status.nodeName));
  return { fleet: unfinishedRuns.length, node: node.length };
}

/** Once a pod has made room it stays away until the run is over: the Deployment's size is the memory of that. */
function yields(
  whenFull: "Wait" | "Yield",
  { deployment }: ObservedTarget,
  attempt: Attempt | null,
  { now, before }: Share,
): boolean {
  if (whenFull !== "Yield" || now === 0 || attempt === null) return false;
  if (attempt.state !== "Waiting" && attempt.state !== "Running") return false;
  return waitsForRoom(attempt) || (deployment?.spec?.replicas ?? before) < before;
}

function firstProblem(pods: readonly Pod[]): TargetState["problem"] {
  // What keeps a container from running says more than that another pod finds no node.
  const problems = pods
    .filter((pod) => !isReady(pod))
    .map((pod) => ({ pod, problem: problemOf(pod) }))
    .filter((one): one is { pod: Pod; problem: PodProblem } => one.problem !== null);
  return problems.find(({ problem }) => problem.kind !== "Unschedulable") ?? problems[0] ?? null;
}
