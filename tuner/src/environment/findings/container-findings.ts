import type { DoctorFinding, Environment } from "@sweetspot/crds";
import { figure, percent } from "../../report/format.ts";
import type { Throttling } from "../throttling.ts";
import { advice, count, good, notApplicable, problem } from "./finding.ts";

/** Below this share of periods, throttling does not show in a p99. */
const noticeableShare = 0.005;
const fewPeriods = 10;

type Granted = Pick<Environment, "usableCpus" | "hostCpus" | "cpuQuota" | "cgroupVersion">;

/** Which CPUs this process may run on. */
export function cpuSetFinding({ usableCpus, hostCpus }: Granted): DoctorFinding {
  if (usableCpus < hostCpus) {
    return good("CpuSet", `${usableCpus} of the machine's ${hostCpus} CPUs, by a CPU set or taskset.`);
  }
  return good("CpuSet", `All ${count(hostCpus, "CPU")} of the machine; whatever else runs here runs on them too.`);
}

/** How much CPU time the cgroup grants. */
export function quotaFinding({ usableCpus, cpuQuota, cgroupVersion }: Granted): DoctorFinding {
  const check = "CpuQuota";
  if (cgroupVersion === 0) return notApplicable(check, "There are no cgroups here, so nothing limits CPU time.");
  if (cpuQuota === null) return good(check, `No limit of CPU time (cgroup v${cgroupVersion}).`);
  const quota = `CPU time is limited to ${count(Number(figure(cpuQuota)), "CPU")} (cgroup v${cgroupVersion})`;
  const next =
    "Ask for whole CPUs with equal request and limit and set the kubelet's CPU manager policy to static, so that a CPU set holds the container instead of the quota.";
  if (cpuQuota < 1) {
    return problem(
      check,
      `${quota}: a batch that takes longer than its share stands still until the next 100 ms.`,
      next,
    );
  }
  if (!Number.isInteger(cpuQuota))
    return advice(check, `${quota}, which is no whole number: the rest cannot carry a thread.`, next);
  if (cpuQuota < usableCpus) {
    return advice(
      check,
      `${quota}, but ${usableCpus} may be used at once: whoever does is stopped for the rest of the period.`,
      next,
    );
  }
  return good(check, `${quota}, as many as the CPU set has.`);
}

/** Whether the quota stopped this container, `during` a look and since it `ended`: the reading at its end. */
export function throttlingFinding(during: Throttling | null, ended: Throttling | null): DoctorFinding {
  const check = "Throttling";
  if (ended === null) return notApplicable(check, "Nothing limits CPU time here, so nothing is throttled.");
  const next = "Raise or remove the CPU limit, or give the engines fewer threads than the limit has CPUs.";
  if (during !== null && during.throttledPeriods > 0) {
    const sentence = `The quota stopped this container in ${during.throttledPeriods} of ${during.periods} periods while the doctor looked: figures taken now are those of the limit and not of the CPU.`;
    return problem(check, sentence, next);
  }
  const { periods, throttledPeriods, throttledSeconds } = ended;
  const share = throttledPeriods / Math.max(1, periods);
  if (periods < fewPeriods || share < noticeableShare) {
    return good(check, `Stopped by the quota in ${throttledPeriods} of ${periods} periods so far.`);
  }
  const sentence = `Since its start the quota stopped this container in ${percent(share)} of the periods, for ${figure(throttledSeconds)} s in all, but not now.`;
  return advice(check, sentence, next);
}
