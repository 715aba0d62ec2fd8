import { readFileSync } from "node:fs";

/** The text of a small file, or null where there is none: most of what Linux tells exists only on some machines. */
export type ReadText = (path: string) => string | null;

/**
 * Reads from this machine. Synchronous on purpose: these are files of `/proc` and `/sys`, which the kernel answers from
 * memory in microseconds.
 */
export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
