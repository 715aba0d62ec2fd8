import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string | null | undefined;

/**
 * A folder in which the engine processes of this server leave what V8 compiled, for those that come after them: it halves the
 * CPU time that one needs before it can load a model, and they start while others serve. It belongs to this process
 * alone, because whoever can write there decides what the engines execute. Null where no folder can be made.
 */
export function compileCache(): string | null {
  if (folder === undefined) folder = makeFolder();
  return folder;
}

function makeFolder(): string | null {
  try {
    const made = mkdtempSync(join(tmpdir(), "sweetspot-engines-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    return made;
  } catch {
    return null;
  }
}
