import { setTimeout as sleep } from "node:timers/promises";
import type { AcceleratorActivity, MachineActivity } from "@sweetspot/crds";
import { activityBetween, readMachine } from "./activity.ts";
import { machineFiles } from "./machine-files.ts";
import { askNvidiaSmi, type SmiAnswer } from "./nvidia-smi.ts";

/** How the machine is watched. */
export interface WatchOptions {
  readonly everyMilliseconds: number;
  /** How many looks; without it until the signal comes. */
  readonly looks?: number;
  readonly signal: AbortSignal;
}

/** Looks at the machine again and again, and gives what happened since the look before. Ends with the signal. */
export async function* watchActivity(options: WatchOptions): AsyncGenerator<MachineActivity> {
  const { everyMilliseconds, looks = Number.POSITIVE_INFINITY, signal } = options;
  let before = readMachine(machineFiles, performance.now());
  let withTool = true;
  for (let look = 0; look < looks; look += 1) {
    if (!(await sleptFor(everyMilliseconds, signal))) return;
    const smi: SmiAnswer | null = withTool ? await askNvidiaSmi() : null;
    withTool = smi?.state === "Answered";
    const accelerators: readonly AcceleratorActivity[] = smi?.state === "Answered" ? smi.activity : [];
    const after = readMachine(machineFiles, performance.now());
    yield activityBetween(before, after, { files: machineFiles, without: [process.pid], accelerators });
    before = after;
  }
}

/** False when the signal ended the sleep. */
async function sleptFor(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return sleep(milliseconds, true, { signal }).catch(() => false);
}
