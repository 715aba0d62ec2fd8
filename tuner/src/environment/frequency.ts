import type { MachineFiles } from "./machine-files.ts";

/** How the clock of the CPUs is governed. Fields are null where the system does not tell, as in most virtual machines. */
export interface FrequencyFacts {
  readonly governor: string | null;
  /** `intel_pstate`, `amd-pstate-epp`, `acpi-cpufreq`, ... */
  readonly driver: string | null;
  readonly currentMegahertz: number | null;
  readonly maximumMegahertz: number | null;
}

/** Reads the governor of one CPU: all of a machine normally have the same. */
export function readFrequency({ read }: Pick<MachineFiles, "read">, cpu: number): FrequencyFacts {
  const folder = `/sys/devices/system/cpu/cpu${cpu}/cpufreq`;
  const word = (name: string) => read(`${folder}/${name}`)?.trim().slice(0, 64) || null;
  return {
    governor: word("scaling_governor"),
    driver: word("scaling_driver"),
    currentMegahertz: megahertz(word("scaling_cur_freq")),
    maximumMegahertz: megahertz(word("cpuinfo_max_freq")),
  };
}

/** The files are in kilohertz. */
function megahertz(text: string | null): number | null {
  const kilohertz = Number(text ?? Number.NaN);
  return kilohertz > 0 ? Math.round(kilohertz / 1000) : null;
}
