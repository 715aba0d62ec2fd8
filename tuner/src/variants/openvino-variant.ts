import { findEngine, openVino } from "@sweetspot/sidecar";
import type { VariantOutcome, VariantSource } from "./make-variant.ts";

/** The source on another engine: there is nothing to make, only to find. Never throws. */
export async function openVinoVariant({ file, digest }: VariantSource, bytes: number): Promise<VariantOutcome> {
  const found = await findEngine(openVino);
  if (found === null) return { state: "NotApplicable", variant: "OpenVino", seconds: 0, message: openVino.missing };
  const message = `The model as it is, computed by OpenVINO ${found.version}.`;
  return { state: "Ready", variant: "OpenVino", file, digest, bytes, seconds: 0, message };
}
