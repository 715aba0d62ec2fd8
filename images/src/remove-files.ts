import { readdir, rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { runProgram } from "./run-program.ts";

/**
 * Removes the files (and links) that `isUnused` says, and the folders that this leaves empty. `isUnused` gets paths
 * relative to `root`, with slashes.
 */
export async function removeFiles(root: string, isUnused: (path: string) => boolean): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
  for (const path of paths.filter(isUnused)) await rm(join(root, path));
  await runProgram("find", [root, "-mindepth", "1", "-type", "d", "-empty", "-delete"]);
}
