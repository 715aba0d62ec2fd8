import type { Pod } from "../resources.ts";

type Status = NonNullable<Pod["status"]>;

/** Statuses of pods as a kubelet 1.37 with containerd and the scheduler write them. */

const waiting = (name: string, reason: string, message: string): Status => ({
  phase: "Pending",
  conditions: [
    { type: "PodScheduled", status: "True" },
    {
      type: "Ready",
      status: "False",
      reason: "ContainersNotReady",
      message: `containers with unready status: [${name}]`,
    },
  ],
  containerStatuses: [{ name, ready: false, restartCount: 0, state: { waiting: { reason, message } } }],
});

export const unschedulable = (message: string): Status => ({
  phase: "Pending",
  conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
});

export const noRoom = unschedulable(
  "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
);

export const noSuchNode = unschedulable(
  "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
);

export const noClaim = unschedulable(
  '0/1 nodes are available: persistentvolumeclaim "models" not found. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
);

const notFound = (image: string): string =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;

export const imageNotFound = (container: string, image: string): Status =>
  waiting(container, "ErrImagePull", notFound(image));

export const imageBackOff = (container: string, image: string): Status =>
  waiting(container, "ImagePullBackOff", `Back-off pulling image "${image}": ErrImagePull: ${notFound(image)}`);

export const neverPulled = (container: string, image: string): Status =>
  waiting(container, "ErrImageNeverPull", `Container image "${image}" is not present with pull policy of Never`);

/** The init container that fetches the model ended with these words, and is started again. */
export const cannotFetch = (message: string): Status => ({
  ...waiting("server", "PodInitializing", ""),
  initContainerStatuses: [
    {
      ...{ name: "fetch", ready: false, restartCount: 1 },
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=fetch" } },
      lastState: { terminated: { exitCode: 3, reason: "Error", message } },
    },
  ],
});

export const noConfigMap = (container: string): Status =>
  waiting(container, "CreateContainerConfigError", 'configmap "ocr-samples" not found');

export const noSubPath = (container: string): Status =>
  waiting(
    container,
    "CreateContainerConfigError",
    'failed to prepare subPath for volumeMount "model" of container "server"',
  );

export const creating = (container: string): Status => waiting(container, "ContainerCreating", "");

type Ended = NonNullable<NonNullable<NonNullable<Status["containerStatuses"]>[number]["state"]>["terminated"]>;

/** A server that ended and is started again and again. */
export const crashLoop = (ended: Partial<Ended>): Status => ({
  phase: "Running",
  podIP: "10.0.0.7",
  qosClass: "Guaranteed",
  conditions: [
    { type: "PodScheduled", status: "True" },
    { type: "Ready", status: "False", reason: "ContainersNotReady" },
  ],
  containerStatuses: [
    {
      name: "server",
      ready: false,
      restartCount: 3,
      state: {
        waiting: {
          reason: "CrashLoopBackOff",
          message: "back-off 40s restarting failed container=server pod=ocr-x64-a_shop(uid-ocr-x64-a)",
        },
      },
      lastState: { terminated: { exitCode: 1, reason: "Error", ...ended } },
    },
  ],
});

/** A tuning pod that runs. */
export const tunerRuns: Status = {
  phase: "Running",
  startTime: "2026-03-14T09:29:00Z",
  conditions: [{ type: "PodScheduled", status: "True" }],
  containerStatuses: [{ name: "tuner", state: { running: { startedAt: "2026-03-14T09:29:02Z" } } }],
};

/** A tuning pod whose container ended. */
export const tunerEnded = (ended: Partial<Ended>): Status => ({
  phase: (ended.exitCode ?? 0) === 0 ? "Succeeded" : "Failed",
  startTime: "2026-03-14T09:28:00Z",
  conditions: [{ type: "PodScheduled", status: "True" }],
  containerStatuses: [
    {
      name: "tuner",
      state: { terminated: { exitCode: 0, reason: "Completed", finishedAt: "2026-03-14T09:29:02Z", ...ended } },
    },
  ],
});

export const outOfMemory = tunerEnded({ exitCode: 137, reason: "OOMKilled", message: '{"state":"Failed"}' });

export const evicted: Status = {
  phase: "Failed",
  reason: "Evicted",
  message: "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi.",
  conditions: [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet" }],
};

export const pastDeadline: Status = {
  phase: "Failed",
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
  containerStatuses: [{ name: "tuner", state: { terminated: { exitCode: 137, reason: "Error" } } }],
};

/** Condition of a Deployment none of whose pods the API server takes, as the controller-manager writes it. */
export const noRuntimeClass = {
  type: "ReplicaFailure",
  status: "True",
  reason: "FailedCreate",
  message: 'pods "ocr-x64-5d9f8c7b6-" is forbidden: pod rejected: RuntimeClass "nvidia" not found',
} as const;
