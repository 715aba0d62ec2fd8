import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The results cannot be written. The message says where and why. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "a file of that name is in the way",
  EDQUOT: "the disk quota is used up",
};

const explain = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons[code ?? ""] ?? message;
};

/** Creates the folder for results and proves that it can be written to, before hours of work depend on it. */
export async function openOutputDirectory(directory: string): Promise<void> {
  const probe = join(directory, `.writable-${process.pid}`);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(probe, "");
    await rm(probe);
  } catch (error) {
    throw new OutputError(`Cannot write to ${directory}: ${explain(error)}. Choose another folder with --out.`);
  }
}

/** Writes a document so that a reader finds the old one or the new one, never half of it. */
export async function writeDocument(directory: string, name: string, document: unknown): Promise<void> {
  const file = join(directory, name);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(document, null, 2)}\n`);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new OutputError(`Cannot write ${file}: ${explain(error)}.`);
  }
}
