import type { CpuPlacement, Layout, PinningState } from "@sweetspot/crds";
import { assignCpus, formatCpuList } from "../engine/cpu-layout.ts";
import type { CpuFacts } from "./cpu-facts.ts";
import type { CpuGrant } from "./cpu-grant.ts";
import type { PodResources } from "./pod-resources.ts";

/** One reading of the container's CPUs. */
export interface CpuReading {
  readonly facts: CpuFacts;
  /** Null outside of a pod, where nothing says what was asked for. */
  readonly pod: PodResources | null;
  readonly grant: CpuGrant | null;
  /** Growth of the throttled periods since the reading before; null without a quota or a reading before. */
  readonly throttled: number | null;
  readonly at: Date;
}

/** What the engines themselves show: the plan's layout, and how binding them turned out. */
export interface EnginePlacement {
  readonly layout: Layout;
  readonly state: PinningState;
}

/**
 * State and sentence for the report. In a pod the grant decides, and throttling spoils what it grants; outside of a pod
 * the engines' own binding is all that there is to tell.
 */
export function describePlacement(
  reading: CpuReading,
  engines: EnginePlacement,
): { readonly pinning: PinningState; readonly cpuPlacement: CpuPlacement } {
  const { pinning, message } = reading.grant === null ? withoutPod(engines) : inPod(reading, reading.grant, engines);
  const { facts, pod, throttled, at } = reading;
  return {
    pinning,
    cpuPlacement: {
      message,
      cpuset: facts.cpuset.length === 0 ? null : formatCpuList(facts.cpuset),
      nodeCpus: facts.online.length === 0 ? null : facts.online.length,
      requestMillicores: pod?.cpuRequest ?? null,
      limitMillicores: pod?.cpuLimit ?? null,
      throttledPeriods: throttled,
      at: at.toISOString(),
    },
  };
}

interface Judged {
  readonly pinning: PinningState;
  readonly message: string;
}

const keepsClaim = new Set<CpuGrant["state"]>(["Exclusive", "Shared"]);

function inPod({ facts, throttled }: CpuReading, grant: CpuGrant, engines: EnginePlacement): Judged {
  if (throttled !== null && throttled > 0 && keepsClaim.has(grant.state)) {
    const message = `The container used up its CPU quota and stood still in ${throttled} periods since the last look, though it asks for whole CPUs. ${grant.message}`;
    return { pinning: "Throttled", message };
  }
  if (grant.state !== "Exclusive") return { pinning: grant.state, message: grant.message };
  return { pinning: "Exclusive", message: `${grant.message} ${division(facts.cpuset, engines)}` };
}

/** How the container's own CPUs are divided between the engines and the front, which reads and answers requests. */
function division(cpuset: readonly number[], { layout, state }: EnginePlacement): string {
  if (cpuset.length === 1) return "Engines and front share it.";
  if (!layout.pinned) return "Engines and front share them, as the plan says.";
  const { sets, reason } = assignCpus(cpuset, layout);
  if (sets === null) return `Engines and front share them: ${reason}.`;
  if (state === "Unavailable") return "Engines and front share them, because processes cannot be bound to CPUs here.";
  return `Engines are bound to ${sets.map(formatCpuList).join(" and ")}; the front runs where there is time.`;
}

const words: Partial<Record<PinningState, string>> = {
  Off: "The plan does not bind engines to CPUs.",
  Pinned: "Each engine is bound to CPUs of its own; other programs may run there too.",
  Exclusive: "Each engine is bound to CPUs of its own, out of a CPU set that is smaller than the machine.",
  Shared: "Engines may use each other's CPUs: there are fewer than the plan's threads, or binding did not hold.",
  Unavailable: "Processes cannot be bound to CPUs here.",
};

const withoutPod = ({ state }: EnginePlacement): Judged => ({ pinning: state, message: words[state] ?? state });
