import { Digest } from "@sweetspot/crds";
import { InvalidArgumentError } from "commander";
import { UserError } from "./user-error.ts";

/** A parser of `sha256:` and 64 hexadecimal digits. */
export function parseDigest(text: string): string {
  if (!Digest.safeParse(text).success) {
    throw new InvalidArgumentError(`"${text}" is no digest: it is sha256: and what sha256sum prints.`);
  }
  return text;
}

/** Throws `UserError` when the file is another one than was meant; does nothing when nobody said which one is. */
export async function checkModelDigest(file: string, wanted: string | undefined): Promise<void> {
  if (wanted === undefined) return;
  const { fileDigest } = await import("@sweetspot/sidecar");
  const found = await fileDigest(file);
  if (found === wanted) return;
  throw new UserError("BadInput", `The model file has digest ${found}, not ${wanted}. Correct one of the two.`);
}
