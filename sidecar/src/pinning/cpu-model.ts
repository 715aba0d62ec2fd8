import * as os from "node:os";
import type { CpuIdentity } from "@sweetspot/crds";
import { type ReadText, readText } from "./read-text.ts";

const mostCharacters = 256;

/** What this machine's CPU is, in the words of the kernel. Server and tuner read it alike, so that they can be compared. Never throws. */
export const readCpuIdentity = (read: ReadText = readText): CpuIdentity => cpuIdentityIn(read("/proc/cpuinfo") ?? "");

/** The same from the text of /proc/cpuinfo, which may be empty. */
export function cpuIdentityIn(cpuInfo: string): CpuIdentity {
  const model = parseCpuModel(cpuInfo) ?? os.cpus()[0]?.model.trim() ?? "";
  return { model: (model === "" ? "unknown" : model).slice(0, mostCharacters), architecture: process.arch };
}

/** The model of the first CPU in /proc/cpuinfo, of x86 ("model name") or ARM ("CPU implementer", "CPU part"); null where none is named. */
export function parseCpuModel(text: string): string | null {
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.*\\S)`, "m").exec(text)?.[1] ?? null;
  return field("model name") ?? armModel(field("CPU implementer"), field("CPU part"));
}

/** ARM kernels give numbers only; they identify the core all the same ("0x41 0xd40" is a Neoverse V1). */
function armModel(implementer: string | null, part: string | null): string | null {
  return implementer !== null && part !== null ? `ARM implementer ${implementer} part ${part}` : null;
}
