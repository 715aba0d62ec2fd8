import { readFileSync } from "node:fs";

/** The text of a small file, or null where there is none: most of these files exist only on some machines. */
export type ReadText = (path: string) => string | null;

/** Reads from this machine. */
export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
