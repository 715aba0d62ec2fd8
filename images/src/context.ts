import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, succeeds } from "./run-program.ts";

/**
 * Lays out a build context: one entry for each name, as hard links where the file system allows it, so that it costs no
 * space and little time. The builder only reads it.
 */
export async function layOutContext(folder: string, contents: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, source] of Object.entries(contents)) {
    const target = join(folder, name);
    if (!(await succeeds("cp", ["-al", source, target])))
      await runProgram("cp", ["-a", "--remove-destination", source, target]);
  }
}
