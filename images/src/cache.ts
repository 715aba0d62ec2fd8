import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

/** Where everything that images are made of is kept between builds: outside of the checkout, and safe to delete. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { SWEETSPOT_CACHE: named, XDG_CACHE_HOME: caches } = environment;
  return join(named || join(caches || join(homedir(), ".cache"), "sweetspot"), "images");
}

/** Sixteen hex digits that name the given contents: enough to tell builds on one machine apart. */
export function keyOf(...contents: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const content of contents) {
    // The length keeps ("ab", "c") and ("a", "bc") apart.
    hash.update(`${content.length}:`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Makes a file or folder once. `make` fills a path that does not exist yet; only when it is complete does it get its name,
 * so that an interrupted build leaves nothing that looks finished. Of two builds at once one result is kept.
 */
export async function cached(path: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) {
    await utimes(path, new Date(), new Date());
    return path;
  }
  const temporary = join(dirname(path), `.making-${basename(path)}-${randomUUID()}`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return path;
}

/** Deletes all but the most recently used entries of a folder whose names begin with `prefix`. */
export async function keepNewest(folder: string, prefix: string, count: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix));
  const entries = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), used: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = entries.sort((a, b) => b.used - a.used).slice(count);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}
