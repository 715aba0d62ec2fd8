import { describe, expect, it } from "vitest";
import { readCpuFacts } from "./cpu-facts.ts";
import { judgeGrant } from "./cpu-grant.ts";
import { type PodResources, podResources } from "./pod-resources.ts";
import {
  type Recorded,
  reading,
  v1Guaranteed,
  v1Injected,
  v2Guaranteed,
  v2HostNamespace,
  v2NoPolicy,
} from "./testing/recorded-containers.ts";

const pod = (cpuRequest: number, cpuLimit = cpuRequest, memory: readonly [number, number] = [2 ** 30, 2 ** 30]) =>
  ({ cpuRequest, cpuLimit, memoryRequestBytes: memory[0], memoryLimitBytes: memory[1] }) satisfies PodResources;

describe("what Linux says of a container's CPUs", () => {
  it.each([
    ["cgroup v1", v1Guaranteed, { cpuset: [1], online: [0, 1], throttledPeriods: 3, qos: "Guaranteed" }],
    ["cgroup v1, burstable", v1Injected, { cpuset: [0], qos: "Burstable" }],
    ["cgroup v2", v2Guaranteed, { cpuset: [2, 3], throttledPeriods: 0, qos: "Guaranteed" }],
    ["cgroup v2 with a quota", v2NoPolicy, { throttledPeriods: 12 }],
    ["cgroup v2 under systemd", v2HostNamespace, { cpuset: [0, 1, 4, 5, 6, 7], qos: "Burstable" }],
    ["no Linux at all", {}, { cpuset: [], online: [], throttledPeriods: null, qos: null }],
    ["nonsense", { "/proc/self/status": "Cpus_allowed_list:\tx-y\n" }, { cpuset: [] }],
  ])("is read from %s", (_, files: Recorded, facts) => {
    expect(readCpuFacts(reading(files))).toMatchObject(facts);
  });

  it.each([
    ["1000", "BestEffort"],
    ["968", "Burstable"],
    ["-997", "Guaranteed"],
    ["0", null],
    ["", null],
  ])("takes the class of the pod from the score %j where its path is hidden", (score, qos) => {
    expect(readCpuFacts(reading({ ...v2Guaranteed, "/proc/self/oom_score_adj": score })).qos).toBe(qos);
  });
});

describe("what the environment says of the pod", () => {
  it("is in thousandths of a CPU and in bytes", () => {
    const environment = { SWEETSPOT_CPU_REQUEST: "1000", SWEETSPOT_CPU_LIMIT: "2000", SWEETSPOT_MEMORY_LIMIT: "512" };
    expect(podResources(environment)).toEqual({
      cpuRequest: 1000,
      cpuLimit: 2000,
      memoryRequestBytes: null,
      memoryLimitBytes: 512,
    });
  });

  it.each([[{}], [{ SWEETSPOT_CPU_REQUEST: "1000" }], [{ SWEETSPOT_CPU_REQUEST: "1", SWEETSPOT_CPU_LIMIT: "1.5" }]])(
    "is nothing in %j",
    (environment) => expect(podResources(environment)).toBeNull(),
  );
});

describe("whether a container has its CPUs to itself", () => {
  it.each<[string, Recorded, PodResources, string, RegExp]>([
    ["it got the one CPU that it asked for", v1Guaranteed, pod(1000), "Exclusive", /CPU 1 of the node's 2/],
    ["it got the two that it asked for", v2Guaranteed, pod(2000), "Exclusive", /CPUs 2-3 of the node's 8/],
    [
      "nothing is known of memory",
      v2Guaranteed,
      { ...pod(2000), memoryRequestBytes: null, memoryLimitBytes: null },
      "Exclusive",
      /itself/,
    ],
    ["the kubelet has no CPU policy", v2NoPolicy, pod(2000), "Shared", /policy to static/],
    [
      "it asks for the whole node",
      { ...v2NoPolicy, "/proc/self/oom_score_adj": "-997" },
      pod(8000),
      "Shared",
      /fewer than the node has/,
    ],
    ["it got fewer than it asked for", v2Guaranteed, pod(4000), "Shared", /asks for 4 whole CPUs and may run on 2/],
    [
      "its limit is above its request",
      v2Guaranteed,
      pod(1000, 2000),
      "NotGuaranteed",
      /1 CPU and is limited to 2 CPUs/,
    ],
    ["its memory may grow", v2Guaranteed, pod(2000, 2000, [1, 2]), "NotGuaranteed", /memory/],
    [
      "another container spoils the pod, although the CPU set has the right size",
      v1Injected,
      pod(1000),
      "NotGuaranteed",
      /Burstable.*injected/,
    ],
    ["the host's path shows another container's fault", v2HostNamespace, pod(6000), "NotGuaranteed", /Burstable/],
    ["it asks for a part of a CPU", v2NoPolicy, pod(1500), "FractionalCpus", /1.5 CPUs.*whole number/],
    ["it asks for nothing", v2NoPolicy, pod(0), "FractionalCpus", /0 CPUs/],
    ["the system does not tell", {}, pod(1000), "Unavailable", /does not tell/],
  ])("when %s", (_, files, asked, state, message) => {
    const grant = judgeGrant(readCpuFacts(reading(files)), asked);
    expect(grant).toEqual({ state, message: expect.stringMatching(message) });
  });
});
