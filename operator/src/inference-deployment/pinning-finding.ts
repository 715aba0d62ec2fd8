import { isWholeCpus, type ServiceLevelReport } from "@sweetspot/crds";
import { type Finding, sayFor } from "../conditions.ts";
import type { Container, Pod } from "../resources.ts";
import type { TargetState } from "./target-state.ts";

const say = sayFor("InferenceDeployment");

/** `CpuPinned` of one target: what its pods read back from inside. */
export function cpuPinned({ target, ready, observed }: TargetState): Finding {
  if (!isWholeCpus(target.resources.cpu)) {
    return say("CpuPinned", "FractionalCpus", { target: target.name, cpu: target.resources.cpu });
  }
  const findings = ready.map((pod) => {
    const answer = observed.reports.get(pod.metadata.uid ?? "");
    return answer !== undefined && "report" in answer ? pinningOf(pod, answer.report) : null;
  });
  const known = findings.filter((finding) => finding !== null);
  return (
    known.find(({ status }) => status !== "True") ??
    known[0] ??
    say("CpuPinned", "NotReported", { target: target.name })
  );
}

function pinningOf(pod: Pod, { pinning, cpuPlacement }: ServiceLevelReport): Finding {
  const name = pod.metadata.name;
  if (pod.status?.qosClass !== undefined && pod.status.qosClass !== "Guaranteed") {
    return say("CpuPinned", "NotGuaranteed", { pod: name, container: unguaranteed(pod) });
  }
  const detail = cpuPlacement?.message ?? pinning;
  if (pinning === "Exclusive") return say("CpuPinned", "Exclusive", {});
  if (pinning === "NotGuaranteed")
    return say("CpuPinned", "NotGuaranteed", { pod: name, container: unguaranteed(pod) });
  if (pinning === "Throttled") return say("CpuPinned", "Throttled", { pod: name, detail });
  if (pinning === "Unavailable") return say("CpuPinned", "Unavailable", { pod: name, detail });
  return say("CpuPinned", "Shared", { pod: name, node: pod.spec?.nodeName ?? "?" });
}

/** The container, perhaps injected, whose requests and limits differ or are missing. */
function unguaranteed(pod: Pod): string {
  const equal = ({ resources }: Container) =>
    ["cpu", "memory"].every((key) => {
      const limit = resources?.limits?.[key];
      return limit !== undefined && limit === (resources?.requests?.[key] ?? limit);
    });
  return pod.spec?.containers.find((container) => !equal(container))?.name ?? "?";
}
