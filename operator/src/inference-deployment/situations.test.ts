import { Condition, conditions, InferenceDeploymentStatus } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { actionsOf, afterwards, inWords, statusIn } from "../testing/observations.ts";
import { situations } from "../testing/situations.ts";
import { planDeployment } from "./plan.ts";

const all = Object.entries(situations);
const statusOf = (observed: Parameters<typeof planDeployment>[0]) =>
  InferenceDeploymentStatus.parse(statusIn(planDeployment(observed)));

/** Reasons that stand in the table and that this operator never gives, and why. */
const unused = [
  // A run says so itself; here it shows as Tuned=False with the run's message.
  "ModelResolved SamplesNotFound",
];

describe.each(all)("when %s", (_, { observed, reasons }) => {
  it("status says so", () => {
    const given = (statusOf(observed).conditions ?? []).map(({ type, reason }) => [type, reason] as const);
    expect(Object.fromEntries(given)).toMatchObject(reasons);
  });

  it("each condition has the status of its reason in the table, and a sentence", () => {
    const { conditions: given = [] } = statusOf(observed);
    expect(given.map(({ type }) => type)).toEqual(Object.keys(conditions.InferenceDeployment));
    for (const condition of given) {
      const table: Record<string, { reasons: Record<string, { status: string; action: string }> }> =
        conditions.InferenceDeployment;
      expect(table[condition.type]?.reasons[condition.reason]?.status).toBe(condition.status);
      expect(Condition.parse(condition).message).toMatch(/^.+\.$/s);
      expect(condition.message).not.toMatch(/undefined|NaN|\{\w+\}|\.\.|\d+e\+\d/);
      const advice = table[condition.type]?.reasons[condition.reason]?.action;
      if (advice !== "") expect(condition.message).toMatch(/[.…] [A-Z][a-z]+\b.*\.$/s);
    }
  });

  it("planning again changes nothing that is not done already", () => {
    const first = planDeployment(observed);
    // A run that was just made is told of one reconcile later.
    const once = afterwards(observed, first);
    const settled = afterwards(once, planDeployment(once));
    const second = planDeployment(settled);
    const words = inWords(second).filter((word) => !/^Apply(Status)? /.test(word));
    expect(words).toEqual([]);
    const third = planDeployment({ ...afterwards(settled, second), now: observed.now + 1500 });
    expect(statusIn(third)).toEqual(statusIn(second));
    expect(actionsOf(third, "Apply")).toEqual(actionsOf(second, "Apply"));
    expect(inWords(third)).toEqual(inWords(second));
  });

  it("looks again some time", () => {
    const { requeueAfter } = planDeployment(observed);
    expect(requeueAfter).toBeGreaterThanOrEqual(300);
    expect(requeueAfter).toBeLessThanOrEqual(15_000);
  });
});

it("every reason of the table is given in some situation, but for those that are known to be unused", () => {
  const given = new Set(
    all.flatMap(([, { observed }]) =>
      (statusOf(observed).conditions ?? []).map(({ type, reason }) => `${type} ${reason}`),
    ),
  );
  const known = Object.entries(conditions.InferenceDeployment).flatMap(([type, { reasons }]) =>
    Object.keys(reasons).map((reason) => `${type} ${reason}`),
  );
  expect(known.filter((reason) => !given.has(reason))).toEqual(unused);
  expect([...given].filter((reason) => !known.includes(reason))).toEqual([]);
});

describe("what a user reads", () => {
  const messageOf = (situation: string, type: string): string | undefined =>
    statusOf(situations[situation]?.observed as never).conditions?.find((one) => one.type === type)?.message;

  it.each([
    [
      "the Job finds no room, and nothing of ours is in its way",
      "Tuned",
      "No node of target x64 has room for the tuning Job: 0/1 nodes are available: 1 Insufficient cpu. Free 1 CPUs and 1Gi of memory on one of its nodes, or set tuning.whenFull to Yield.",
    ],
    [
      "the target cannot be met",
      "ServiceLevelMet",
      "50 ms at P99 cannot be met on target x64: the best reachable is 6.10 ms. Raise serviceLevel.latencyMilliseconds, or choose faster nodes or more CPU.",
    ],
    [
      "a container was injected",
      "CpuPinned",
      "Pod ocr-x64-a is not Guaranteed: container proxy has no equal requests and limits. Keep containers from being injected, or give them limits.",
    ],
    [
      "the plan is not confirmed",
      "ConfigurationApplied",
      "Pod ocr-x64-a has not confirmed plan ocr-x64-1c3b895b-1 for 10 s. Check that the operator reaches the pod's metrics port, 9090.",
    ],
    [
      "the Job finds no device that is free",
      "Tuned",
      "No node of target x64 has room for the tuning Job: 0/2 nodes are available: 2 Insufficient nvidia.com/gpu. Free 4 CPUs, 8Gi of memory and 1 nvidia.com/gpu on one of its nodes, or set tuning.whenFull to Yield.",
    ],
    [
      "no pod may be made",
      "Ready",
      'The API server takes no pod of target x64: pod rejected: RuntimeClass "nvidia" not found. Correct runtimeClassName or resources, or what forbids it: a quota, a policy or a webhook.',
    ],
    [
      "the only pod runs on a node of another kind",
      "NodeClassConfirmed",
      "The result of target x64 is stale: it was measured on AMD EPYC 7763 64-Core Processor (x64) with kubernetes.io/arch=amd64, and its pods run on AMD EPYC 7763 64-Core Processor (x64) with kubernetes.io/arch=arm64, such as ocr-x64-a on node node1. Its plan serves there too: answers are the same, and how fast they come was not measured. Wait for another measurement, which spec.retuning bounds: see status.targets[].diagnosis.",
    ],
    [
      "one of two pods runs on a node of another kind",
      "NodeClassConfirmed",
      'Target x64 was measured on AMD EPYC 7763 64-Core Processor (x64) with kubernetes.io/arch=amd64, but 1 of its 2 pods run on ARM implementer 0x41 part 0xd40 (arm64) with kubernetes.io/arch=arm64, such as ocr-x64-b on node node2. There the model is served as it is, because the quality of INT8Dynamic was not measured on that CPU. Make a target of its own for these, with nodeSelector {"kubernetes.io/arch":"arm64"}, and give target x64 nodeSelector {"kubernetes.io/arch":"amd64"}.',
    ],
    [
      "one of two pods finds another CPU under the same labels",
      "NodeClassConfirmed",
      "Target x64 was measured on AMD EPYC 7763 64-Core Processor (x64), but 1 of its 2 pods run on AMD EPYC 9B14 (x64), such as ocr-x64-b on node node2, and no value of a label selects them. There the model is served as it is, because the quality of INT8Dynamic was not measured on that CPU. Label the nodes by their CPU, and make a target of its own for each kind.",
    ],
    [
      "there are too few replicas",
      "ServiceLevelMet",
      "1 replicas carry 402 requests/s within the target, less than the 5000 wanted. Raise spec.replicas, or spec.autoscaling.maxReplicas, to 13.",
    ],
  ])("when %s, in %s", (situation, type, message) => {
    expect(messageOf(situation, type)).toBe(message);
  });
});
