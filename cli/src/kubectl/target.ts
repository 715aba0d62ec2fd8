import type { InferenceDeployment, TargetStatus } from "@sweetspot/crds";
import { UserError } from "../user-error.ts";

/** The target that is meant: the named one, or the only one. Throws `UserError`. */
export function targetOf({ metadata, spec }: InferenceDeployment, wanted: string | undefined): string {
  const names = spec.targets.map(({ name }) => name);
  const list = names.join(", ");
  if (wanted === undefined) {
    if (names.length === 1) return names[0] as string;
    throw new UserError("Usage", `${metadata.name} has several targets. Choose one with --target: ${list}.`);
  }
  if (!names.includes(wanted)) {
    throw new UserError("ClusterRefused", `${metadata.name} has no target ${wanted}. It has ${list}.`);
  }
  return wanted;
}

/** Each target of the spec with what status says of it, if anything. */
export function targetsOf({ spec, status }: InferenceDeployment): { name: string; status: Partial<TargetStatus> }[] {
  return spec.targets.map(({ name }) => ({ name, status: status?.targets?.find((one) => one.name === name) ?? {} }));
}
