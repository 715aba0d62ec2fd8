import { formatCpuList } from "../engine/cpu-layout.ts";
import type { CpuFacts } from "./cpu-facts.ts";
import type { PodResources } from "./pod-resources.ts";

/** Whether this container has its CPUs to itself, and why. */
export interface CpuGrant {
  readonly state: "Exclusive" | "Shared" | "NotGuaranteed" | "FractionalCpus" | "Unavailable";
  /** What was found and, where something is missing, what to do. */
  readonly message: string;
}

/**
 * The kubelet's static CPU manager gives CPUs of their own to guaranteed pods that ask for whole CPUs, and tells nobody.
 * So the promise (what the pod asks for) is compared with what came (the CPU set), and the CPU set must be smaller than
 * the node: on the whole node, binding engines to CPUs would stack those of all pods on the same ones.
 */
export function judgeGrant(facts: CpuFacts, pod: PodResources): CpuGrant {
  if (facts.cpuset.length === 0 || facts.online.length === 0) {
    const message = "This system does not tell which CPUs the container may run on, so engines are not bound to CPUs.";
    return { state: "Unavailable", message };
  }
  return promiseMissing(facts, pod) ?? compareCpuset(facts, pod.cpuRequest / 1000);
}

/** What keeps the pod from having CPUs of its own by its specification alone; null when it has a claim to them. */
function promiseMissing({ qos }: CpuFacts, pod: PodResources): CpuGrant | null {
  const { cpuRequest, cpuLimit, memoryRequestBytes, memoryLimitBytes } = pod;
  if (cpuRequest !== cpuLimit) {
    const message = `The container asks for ${cpus(cpuRequest)} and is limited to ${cpus(cpuLimit)}, so the pod is not Guaranteed. Set request and limit to the same whole number.`;
    return { state: "NotGuaranteed", message };
  }
  if (memoryRequestBytes !== memoryLimitBytes) {
    const message =
      "The container's memory request is not its memory limit, so the pod is not Guaranteed. Set both to the same amount.";
    return { state: "NotGuaranteed", message };
  }
  if (cpuRequest === 0 || cpuRequest % 1000 !== 0) {
    const message = `The container asks for ${cpus(cpuRequest)}, and only whole CPUs are given exclusively. Ask for a whole number.`;
    return { state: "FractionalCpus", message };
  }
  if (qos === "Burstable" || qos === "BestEffort") {
    const message = `The pod is ${qos} although this container is not to blame: another container in it, perhaps an injected one, has no requests equal to its limits. Give it some, or do not inject it.`;
    return { state: "NotGuaranteed", message };
  }
  return null;
}

function compareCpuset({ cpuset, online }: CpuFacts, asked: number): CpuGrant {
  const list = formatCpuList(cpuset);
  if (cpuset.length === asked && asked < online.length) {
    const message = `The container has CPU${asked === 1 ? "" : "s"} ${list} of the node's ${online.length} to itself.`;
    return { state: "Exclusive", message };
  }
  if (cpuset.length === asked) {
    const message = `The container may run on all ${asked} CPUs of the node, and so may others. For CPUs of its own ask for fewer than the node has.`;
    return { state: "Shared", message };
  }
  const message = `The container asks for ${asked} whole CPUs and may run on ${cpuset.length} (${list}) of the node's ${online.length}, which it shares. Set the kubelet's CPU manager policy to static for CPUs of its own.`;
  return { state: "Shared", message };
}

const cpus = (thousandths: number): string => `${thousandths / 1000} CPU${thousandths === 1000 ? "" : "s"}`;
