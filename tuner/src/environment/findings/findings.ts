import type { DoctorFinding, Environment, MachineActivity } from "@sweetspot/crds";
import type { ModelSignature } from "@sweetspot/sidecar";
import type { Accelerator } from "../accelerators.ts";
import type { CpuTopology } from "../cpu-topology.ts";
import type { FrequencyFacts } from "../frequency.ts";
import type { MemoryFacts } from "../memory.ts";
import type { SmiAnswer } from "../nvidia-smi.ts";
import type { PinnedVersions } from "../pinned-versions.ts";
import type { PressureFacts } from "../pressure.ts";
import type { Throttling } from "../throttling.ts";
import { acceleratorFinding } from "./accelerator-finding.ts";
import { neighbourFinding, pressureFinding, stolenFinding } from "./activity-findings.ts";
import { cpuSetFinding, quotaFinding, throttlingFinding } from "./container-findings.ts";
import { coreFinding, frequencyFinding, instructionFinding, numaFinding } from "./cpu-findings.ts";
import { bandwidthFinding, hugePageFinding, memoryFinding } from "./memory-findings.ts";
import { modelFinding } from "./model-finding.ts";
import { noiseFinding } from "./noise-finding.ts";
import { versionFindings } from "./version-findings.ts";

/** All that is known of a machine when it is judged. */
export interface MachineFacts {
  readonly environment: Environment;
  readonly activity: MachineActivity;
  /** CPUs that this process may run on, ascending. */
  readonly usable: readonly number[];
  readonly topology: CpuTopology;
  readonly frequency: FrequencyFacts;
  readonly throttling: { readonly during: Throttling | null; readonly ended: Throttling | null };
  readonly memory: MemoryFacts;
  readonly pressure: PressureFacts;
  readonly memoryBytesPerSecond: number | null;
  readonly accelerators: readonly Accelerator[];
  readonly smi: SmiAnswer;
  readonly pins: PinnedVersions;
  /** Null when no model was named. */
  readonly model: ModelSignature | null;
}

/** One finding for each check, in the order of the checks. */
export function findingsOf(facts: MachineFacts): DoctorFinding[] {
  const { environment, activity, usable, topology, memory, model } = facts;
  const { cpuModel, architecture, instructionSets, versions, kernel } = environment;
  return [
    ...versionFindings(versions, facts.pins, kernel),
    instructionFinding(cpuModel, architecture, instructionSets),
    coreFinding(topology, usable),
    numaFinding(topology, usable),
    frequencyFinding(facts.frequency),
    cpuSetFinding(environment),
    quotaFinding(environment),
    throttlingFinding(facts.throttling.during, facts.throttling.ended),
    memoryFinding(memory),
    hugePageFinding(memory.hugePages),
    bandwidthFinding(facts.memoryBytesPerSecond, memory.availableBytes),
    acceleratorFinding(facts.accelerators, facts.smi),
    stolenFinding(activity),
    pressureFinding(facts.pressure, activity.runnable),
    neighbourFinding(activity, usable),
    noiseFinding(environment.noiseFactor, model === null ? "a short loop of arithmetic" : "one batch of the model"),
    modelFinding(model),
  ];
}
