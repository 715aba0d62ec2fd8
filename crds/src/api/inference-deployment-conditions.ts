import { asFalse, modelFailures, runFailures } from "./failure-reasons.ts";

const ready = {
  Serving: { status: "True", message: "{ready} of {wanted} replicas answer requests.", action: "" },
  ScaledToZero: { status: "True", message: "No replicas are wanted.", action: "Raise spec.replicas to serve." },
  WaitingForTuning: {
    status: "False",
    message: "Nothing is served until the first tuning is done, as rollout.initial WaitForTuning wants it.",
    action: "Wait, or set rollout.initial to ServeSource.",
  },
  ModelNotResolved: {
    status: "False",
    message: "The model cannot be had: see condition ModelResolved.",
    action: "",
  },
  PodsNotReady: {
    status: "False",
    message: "{ready} of {wanted} replicas answer requests. Target {target}: {detail}.",
    action: "When this lasts, look at its pods: kubectl describe pod -l sweetspot.dev/target={target}.",
  },
  PodsRefused: {
    status: "False",
    message: "The API server takes no pod of target {target}: {detail}.",
    action: "Correct runtimeClassName or resources, or what forbids it: a quota, a policy or a webhook.",
  },
  PodsUnschedulable: {
    status: "False",
    message: "A pod of target {target} finds no node: {detail}.",
    action: "Correct nodeSelector, tolerations or resources, make room on a node, or make the claim that it waits for.",
  },
  ModelCannotBeLoaded: {
    status: "False",
    message: "The server of target {target} cannot load the model: {detail}",
    action: "Check model.file, and that resources.memory suffices.",
  },
  ImageCannotBePulled: {
    status: "False",
    message: "The image {image} cannot be pulled: {detail}",
    action: "Check its name, and that the nodes may pull it.",
  },
} as const;

const tuned = {
  Tuned: { status: "True", message: "{summary}", action: "" },
  Infeasible: {
    status: "True",
    message:
      "Target {target} was measured and cannot meet {milliseconds} ms at {percentile}: the best reachable is {best} ms. It serves with {winner}.",
    action: "Raise serviceLevel.latencyMilliseconds, or choose faster nodes or more CPU.",
  },
  Tuning: { status: "False", message: "Target {target} is being measured by TuningRun {run}.", action: "" },
  WaitingForCapacity: {
    status: "False",
    message: "No node of target {target} has room for the tuning Job: {detail}.",
    action: "Free {resources} on one of its nodes, or set tuning.whenFull to Yield.",
  },
  WaitingForServer: {
    status: "False",
    message: "The serving pod and the tuning Job of target {target} need the same CPU, and {who} goes first.",
    action: "Add a CPU, or set tuning.whenFull to choose who waits.",
  },
  WaitingForModel: {
    status: "False",
    message: "Tuning waits for the model: see condition ModelResolved.",
    action: "",
  },
  Disabled: { status: "False", message: "Tuning is off: the source model is served with a safe plan.", action: "" },
  ...asFalse(runFailures),
} as const;

const serviceLevelMet = {
  Kept: {
    status: "True",
    message: "Of the requests of the last hour no more than the {allowed} that may took longer than {milliseconds} ms.",
    action: "",
  },
  Breached: {
    status: "False",
    message:
      "About {share} of the requests of target {target} missed {milliseconds} ms of late, more than the {allowed} that may.",
    action: "Compare the load with status.summary.capacity, and look at the pods' nodes.",
  },
  Met: {
    status: "True",
    message:
      "{latency} ms at {percentile} in the confirming run, within the target of {milliseconds} ms, at {capacity} requests/s per replica.",
    action: "",
  },
  Infeasible: {
    status: "False",
    message: "{milliseconds} ms at {percentile} cannot be met on target {target}: the best reachable is {best} ms.",
    action: "Raise serviceLevel.latencyMilliseconds, or choose faster nodes or more CPU.",
  },
  Unproven: {
    status: "Unknown",
    message:
      "{latency} ms at {percentile} in the confirming run, but it had too few requests to prove {milliseconds} ms.",
    action: "Raise tuning.budgetSeconds for a proof.",
  },
  Missed: {
    status: "False",
    message: "{latency} ms at {percentile} on target {target}, more than the {milliseconds} ms wanted.",
    action: "Lower the load per replica by raising spec.replicas, or raise the target.",
  },
  CapacityTooLow: {
    status: "False",
    message: "{replicas} replicas carry {capacity} requests/s within the target, less than the {wanted} wanted.",
    action: "Raise spec.replicas, or spec.autoscaling.maxReplicas, to {needed}.",
  },
  NotMeasured: {
    status: "Unknown",
    message: "The target was not measured yet.",
    action: "",
  },
} as const;

const cpuPinned = {
  Exclusive: { status: "True", message: "All engines run on CPUs that belong to their pod alone.", action: "" },
  Shared: {
    status: "False",
    message: "The CPUs of pod {pod} are shared with other pods.",
    action: "Run the kubelet of node {node} with the static CPU manager policy.",
  },
  NotGuaranteed: {
    status: "False",
    message: "Pod {pod} is not Guaranteed: container {container} has no equal requests and limits.",
    action: "Keep containers from being injected, or give them limits.",
  },
  FractionalCpus: {
    status: "False",
    message: "Target {target} asks for {cpu} CPUs, and only whole CPUs can be pinned.",
    action: "Set its resources.cpu to a whole number.",
  },
  Throttled: {
    status: "False",
    message: "Pod {pod} has whole CPUs, and was throttled all the same: {detail}",
    action: "Check the node's CPU manager policy, and that nothing else runs on the pod's CPUs.",
  },
  Unavailable: {
    status: "False",
    message: "Pod {pod} cannot read or set its CPUs: {detail}.",
    action: "Look at the server's log.",
  },
  NotReported: { status: "Unknown", message: "No pod of target {target} has reported yet.", action: "" },
} as const;

const nodeClassConfirmed = {
  Confirmed: {
    status: "True",
    message: "All pods run on nodes of the kind that was measured.",
    action: "",
  },
  NodeClassMismatch: {
    status: "False",
    message:
      "Target {target} was measured on {measured}, but {others} of its {pods} pods run on {present}, such as {pod} on node {node}. {served}",
    action:
      "Make a target of its own for these, with nodeSelector {selector}, and give target {target} nodeSelector {own}.",
  },
  CpuMismatch: {
    status: "False",
    message:
      "Target {target} was measured on {measured}, but {others} of its {pods} pods run on {present}, such as {pod} on node {node}, and no value of a label selects them. {served}",
    action: "Label the nodes by their CPU, and make a target of its own for each kind.",
  },
  NodeClassChanged: {
    status: "False",
    message:
      "The result of target {target} is stale: it was measured on {measured}, and its pods run on {present}, such as {pod} on node {node}. {served}",
    action: "Wait for another measurement, which spec.retuning bounds: see status.targets[].diagnosis.",
  },
  NotCompared: {
    status: "Unknown",
    message: "Target {target} was not measured yet, or no pod of it says what it runs on.",
    action: "",
  },
} as const;

export const inferenceDeploymentConditions = {
  Ready: { description: "Requests get right answers, whether or not the target is met.", reasons: ready },
  ModelResolved: {
    description: "The model's source can be mounted and its file be used.",
    reasons: {
      Resolved: { status: "True", message: "The model {file} was found in {uri}.", action: "" },
      Resolving: { status: "Unknown", message: "No pod has mounted {uri} yet.", action: "" },
      ...asFalse(modelFailures),
    },
  },
  Tuned: { description: "All targets were measured.", reasons: tuned },
  ConfigurationApplied: {
    description: "All pods report that they run the plan they should.",
    reasons: {
      Applied: { status: "True", message: "All {replicas} pods run their plan.", action: "" },
      Applying: { status: "False", message: "{applied} of {replicas} pods run plan {revision}.", action: "" },
      SafePlan: {
        status: "False",
        message: "The source model is served with a safe plan until tuning is done.",
        action: "",
      },
      PlanRefused: {
        status: "False",
        message: "Pod {pod} refused plan {revision} and keeps {running}: {detail}",
        action: "Read the server's log; the old plan goes on serving.",
      },
      NotAcknowledged: {
        status: "False",
        message: "Pod {pod} has not confirmed plan {revision} for {seconds} s.",
        action: "Check that the operator reaches the pod's metrics port, 9090.",
      },
    },
  },
  ServiceLevelMet: {
    description: "The promise is kept, by the requests of the last hour or, where they are too few, by measurement.",
    reasons: serviceLevelMet,
  },
  ReportsReceived: {
    description:
      "All pods that serve tell of their traffic, and so does Prometheus where it counts it. Those that do not neither make nor hide a breach.",
    reasons: {
      Received: { status: "True", message: "All serving pods tell of their traffic.", action: "" },
      Missing: {
        status: "False",
        message: "{silent} of {pods} serving pods do not tell of their traffic, {pod} among them.",
        action: "Check that the operator reaches the pods' metrics port, 9090.",
      },
      PrometheusSilent: {
        status: "False",
        message: "Prometheus, which should count the requests, does not: {detail}.",
        action:
          "Check the chart's serviceLevel.prometheusUrl and what Prometheus scrapes; nothing is judged meanwhile.",
      },
      NoPods: { status: "Unknown", message: "No pod of target {target} serves.", action: "" },
    },
  },
  NodeClassConfirmed: {
    description: "Pods run on the kind of node that was measured, by labels and by the CPU that they find.",
    reasons: nodeClassConfirmed,
  },
  CpuPinned: { description: "Engines have CPUs of their own, as read back inside the pods.", reasons: cpuPinned },
  Reconciling: {
    description: "The operator still works towards the spec (kstatus).",
    reasons: {
      Starting: { status: "True", message: "Objects are being made or pods are starting.", action: "" },
      Tuning: { status: "True", message: "Tuning goes on: see condition Tuned.", action: "" },
      Applying: { status: "True", message: "A plan is on its way to the pods.", action: "" },
      Retrying: { status: "True", message: "The last attempt failed and is repeated: {detail}", action: "" },
      Idle: { status: "False", message: "All is as the spec wants it.", action: "" },
      Stalled: { status: "False", message: "Nothing more can be done: see condition Stalled.", action: "" },
    },
  },
  Stalled: {
    description: "The operator cannot go on without help (kstatus).",
    reasons: {
      ModelNotResolved: {
        status: "True",
        message: "The model cannot be had: see condition ModelResolved.",
        action: "Mend what it names.",
      },
      TuningFailed: {
        status: "True",
        message: "Tuning failed {attempts} times: see condition Tuned.",
        action: "Mend what it names, or set tuning.mode to Disabled.",
      },
      PodsCannotRun: {
        status: "True",
        message: "Pods cannot run: see condition Ready.",
        action: "Mend what it names.",
      },
      ObjectRefused: {
        status: "True",
        message: "The API server refuses an object that the spec asks for: {detail}",
        action: "Change the field of the spec that it comes from, or what forbids the object.",
      },
      Progressing: { status: "False", message: "Nothing stands in the way.", action: "" },
    },
  },
} as const;
