import type { DoctorFinding } from "@sweetspot/crds";
import type { ModelSignature } from "@sweetspot/sidecar";
import { advice, good, notApplicable } from "./finding.ts";

/** What a model's file says about how it can be served; null when none was named. */
export function modelFinding(signature: ModelSignature | null): DoctorFinding {
  const check = "Model";
  if (signature === null) {
    return notApplicable(
      check,
      "No model was named.",
      "Name one, and the A/A test runs it: sweetspot doctor model.onnx.",
    );
  }
  const inputs = signature.inputs
    .map(({ name, datatype, shape }) => `${name} ${datatype}[${shape.join(",")}]`)
    .join(", ");
  if (!signature.batchable) {
    return advice(
      check,
      `It takes ${inputs}: axis 0 is fixed, so requests cannot share a batch.`,
      "Export it again with a dynamic batch axis (torch.onnx.export: dynamic_axes or dynamic_shapes).",
    );
  }
  const axis = signature.variableAxis === null ? "no single variable axis besides" : "one variable axis besides";
  return good(check, `It takes ${inputs}: rows of several requests fit in one batch, with ${axis} axis 0.`);
}
