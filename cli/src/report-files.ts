import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument, TuningReport } from "@sweetspot/crds";
import { UserError } from "./user-error.ts";

/** Reads `report.json` of a results folder, or the report file itself. Throws `UserError` or `DocumentError`. */
export async function readReport(path: string): Promise<{ report: TuningReport; directory: string | null }> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    throw new UserError("BadInput", `There is no ${path}. Name the folder that "sweetspot tune" wrote (--out).`);
  }
  const directory = found.isDirectory() ? path : null;
  const file = directory === null ? path : join(directory, "report.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError("BadInput", `${file} cannot be read (${error.code}). Name the folder that tuning wrote.`);
  });
  return { report: parseDocument(TuningReport, text, file), directory };
}

/** Writes a file so that a reader finds the old one or the new one, never half of it. Throws `UserError`. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError("CannotWrite", `${file} cannot be written (${code}). Choose another place with --out.`);
  }
}
