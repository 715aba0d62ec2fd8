import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The Go modules that the binaries are built from. */
export const goFolder = fileURLToPath(new URL("../../go/", import.meta.url));

/**
 * Name of the folder for what these sources, this Go and this processor give: everything that decides the result goes
 * in, so that a stale binary is never found.
 */
export function cacheKey(files: ReadonlyMap<string, string>, goVersion: string, architecture: string): string {
  const hash = createHash("sha256").update(`${goVersion}\0${architecture}\0`);
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${name}\0${content}\0`);
  return hash.digest("hex").slice(0, 16);
}

function goSources(module: string): Map<string, string> {
  const cwd = join(goFolder, module);
  const names = globSync("**/{go.mod,go.sum,*.go}", { cwd });
  return new Map(names.map((name) => [name, readFileSync(join(cwd, name), "utf8")]));
}

/** `$XDG_CACHE_HOME` or `~/.cache`, `sweetspot/cluster`: outside the checkout, so that all checkouts share it. */
export const cacheRoot = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sweetspot", "cluster");

/** Folder of the binaries of one Go module: `MODULE-KEY` in the cache. */
export const binaryFolder = (module: string, goVersion: string): string =>
  join(cacheRoot(), `${module}-${cacheKey(goSources(module), goVersion, process.arch)}`);
