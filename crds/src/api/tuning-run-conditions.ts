import { failures } from "./failure-reasons.ts";

const waiting = {
  WaitingForCapacity: {
    status: "False",
    message: "The Job's pod is not scheduled yet: {detail}.",
    action: "Free {resources} on a node that carries the selector's labels, or wait.",
  },
  Running: {
    status: "False",
    message: "The Job {job} measures on node {node} within a budget of {seconds} s.",
    action: "",
  },
  WaitingForEqual: {
    status: "False",
    message: "{run} measures what is asked here too: its answer is taken over.",
    action: "",
  },
} as const;

export const tuningRunConditions = {
  Complete: {
    description: "The question is answered.",
    reasons: {
      Succeeded: { status: "True", message: "{answer}", action: "" },
      Infeasible: {
        status: "True",
        message:
          "The target of {target} ms at {percentile} cannot be met on this node: the best reachable is {best} ms, with {winner}.",
        action: "Raise serviceLevel.latencyMilliseconds, or choose faster nodes or more CPU.",
      },
      ...waiting,
      Failed: { status: "False", message: "There is no answer: see condition Failed.", action: "" },
    },
  },
  Failed: {
    description: "There will be no answer from this run.",
    reasons: {
      ...failures,
      NotFailed: { status: "False", message: "Nothing failed so far.", action: "" },
    },
  },
  Reconciling: {
    description: "The operator still works on it (kstatus).",
    reasons: {
      ...waitingAs("True"),
      Finished: { status: "False", message: "The run is finished.", action: "" },
    },
  },
  Stalled: {
    description: "It cannot go on without help (kstatus).",
    reasons: {
      Failed: {
        status: "True",
        message: "The run failed: see condition Failed.",
        action: "Mend what it names and create another run.",
      },
      Progressing: { status: "False", message: "Nothing stands in the way.", action: "" },
    },
  },
} as const;

function waitingAs<S extends "True">(status: S) {
  return {
    WaitingForCapacity: { ...waiting.WaitingForCapacity, status },
    Running: { ...waiting.Running, status },
    WaitingForEqual: { ...waiting.WaitingForEqual, status },
  } as const;
}
