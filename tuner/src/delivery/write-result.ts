import { writeFile } from "node:fs/promises";
import { type TuningResult, writeTuningResult } from "@sweetspot/crds";
import { OutputError } from "../output-directory.ts";

/**
 * Writes a result into a file, which may be a termination message: that is a mount of its own, which nothing can be
 * renamed over, so it is written in place. Throws `OutputError`.
 */
export async function writeResult(file: string, result: TuningResult): Promise<void> {
  const text = writeTuningResult(result);
  try {
    await writeFile(file, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OutputError(
      `The result cannot be written to ${file} (${code ?? message}). Choose another with --deliver.`,
    );
  }
}
