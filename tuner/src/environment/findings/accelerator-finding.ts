import type { DoctorFinding } from "@sweetspot/crds";
import type { Accelerator } from "../accelerators.ts";
import type { SmiAnswer } from "../nvidia-smi.ts";
import { advice, notApplicable, problem } from "./finding.ts";

/** `accelerators`: those whose driver is loaded. */
export function acceleratorFinding(accelerators: readonly Accelerator[], smi: SmiAnswer): DoctorFinding {
  const check = "Accelerators";
  const names = accelerators.map(({ name, driver }) => `${name} (${driver})`).join(", ");
  if (smi.state === "Failed") {
    const sentence = `nvidia-smi does not answer: ${smi.message}${names === "" ? "" : `. The kernel knows ${names}`}.`;
    const next =
      "After an update of the driver load its module again or restart the node; its program and module must be of one version.";
    return problem(check, sentence, next);
  }
  const shown = smi.state === "Answered" ? smi.activity.map(({ name }) => name).join(", ") : "";
  if (names === "" && shown === "") {
    return notApplicable(
      check,
      "None found: no NVIDIA driver, no AMD or Intel compute device. Models are served on the CPU.",
    );
  }
  return advice(
    check,
    `Found ${names || shown}. The engine of this release runs on the CPU and leaves it idle.`,
    "Serve on nodes without accelerators, or serve with something that uses it and measure that with sweetspot load.",
  );
}
