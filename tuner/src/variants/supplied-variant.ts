import { stat } from "node:fs/promises";
import type { VariantName } from "@sweetspot/crds";
import { describeModel, fileDigest, type ModelSignature } from "@sweetspot/sidecar";
import type { VariantOutcome } from "./make-variant.ts";

/** A model that the user brings. */
export interface SuppliedModel {
  readonly name: VariantName;
  /** Absolute path. */
  readonly file: string;
}

/** Takes a model of the user's as a variant, if it answers the same requests. Every failure is an outcome; never throws. */
export async function suppliedVariant(
  { name, file }: SuppliedModel,
  source: ModelSignature,
  served: readonly string[],
): Promise<VariantOutcome> {
  const failed = (message: string) => ({ state: "Failed", variant: name, seconds: 0, message }) as const;
  try {
    const { size } = await stat(file);
    const difference = differenceOf(await describeModel(file), source, served);
    if (difference !== null) return failed(`It does not answer the same requests: ${difference}.`);
    const message = "A model of the user's.";
    return { state: "Ready", variant: name, file, digest: await fileDigest(file), bytes: size, seconds: 0, message };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failed(code === "ENOENT" ? "Its file is not there." : message.slice(0, 300));
  }
}

/** What makes a model unfit to stand in for another, in words; null where nothing does. */
function differenceOf(own: ModelSignature, source: ModelSignature, served: readonly string[]): string | null {
  const unknown = own.inputs.find(({ name }) => !source.inputs.some((input) => input.name === name));
  if (unknown !== undefined) return `it wants an input "${unknown.name}" that the model has not`;
  for (const { name, datatype, shape } of source.inputs) {
    const input = own.inputs.find((one) => one.name === name);
    if (input === undefined) return `it has no input "${name}"`;
    if (input.datatype !== datatype) return `its input "${name}" is ${input.datatype}, not ${datatype}`;
    if (input.shape.length !== shape.length) return `its input "${name}" has another number of axes`;
  }
  const lacking = served.find((name) => !own.outputs.some((output) => output.name === name));
  return lacking === undefined ? null : `it has no output "${lacking}"`;
}
