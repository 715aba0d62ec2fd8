import type { AcceleratorActivity } from "@sweetspot/crds";
import { runLimited } from "../variants/subprocess.ts";

/** What `nvidia-smi` answered. `Missing`: there is no such program. `Failed`: it has something to say. */
export type SmiAnswer =
  | { readonly state: "Missing" }
  | { readonly state: "Failed"; readonly message: string }
  | { readonly state: "Answered"; readonly activity: readonly AcceleratorActivity[] };

const query = ["--query-gpu=name,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"];
const mebibyte = 1024 * 1024;
/** A driver in trouble lets its tool wait for long. */
const timeoutSeconds = 5;

/** Asks the driver's own tool. Never throws. */
export async function askNvidiaSmi(executable = "nvidia-smi"): Promise<SmiAnswer> {
  const run = await runLimited(executable, query, { timeoutSeconds });
  if (run.end === "NotStarted") return { state: "Missing" };
  if (run.code === 0) return { state: "Answered", activity: parseSmi(run.stdout) };
  const said = `${run.stdout} ${run.stderr}`.replace(/\s+/g, " ").trim();
  return { state: "Failed", message: said.slice(0, 256) || `it ended with code ${run.code}` };
}

/** Lines "NVIDIA H100 80GB HBM3, 87, 4310, 81559": percent and MiB; "[N/A]" where the card does not tell. */
export function parseSmi(text: string): AcceleratorActivity[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const cells = line.split(",").map((cell) => cell.trim());
    const [busy, used, total] = cells.slice(-3).map((cell) => (/^\d+$/.test(cell) ? Number(cell) : null));
    const bytes = (value: number | null | undefined) => (value == null ? null : value * mebibyte);
    return {
      name: cells.slice(0, -3).join(", ").slice(0, 128),
      busy: busy == null ? null : Math.min(1, busy / 100),
      memoryUsedBytes: bytes(used),
      memoryBytes: bytes(total),
    };
  });
}
