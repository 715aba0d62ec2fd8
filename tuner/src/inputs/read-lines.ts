import { open } from "node:fs/promises";
import { basename } from "node:path";
import { SamplesError } from "./sample.ts";

/** One line that is not blank, with its number from 1 on. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** The lines of a file of samples, one by one. Throws `SamplesError` when it cannot be read. */
export async function* readLines(file: string): AsyncGenerator<NumberedLine> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw new SamplesError(`The samples in ${basename(file)} cannot be read: ${readable(error)}.`);
  });
  try {
    let number = 0;
    for await (const text of handle.readLines({ encoding: "utf8" })) {
      number += 1;
      if (text.trim() !== "") yield { number, text: number === 1 ? text.replace(/^\uFEFF/, "") : text };
    }
  } finally {
    await handle.close();
  }
}

function readable(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "there is no such file";
  if (error.code === "EACCES") return "the file's permissions do not allow it";
  return `the system says ${error.code ?? "no reason"}`;
}

/** An error about one line. */
export const lineError = (file: string, line: NumberedLine, message: string): SamplesError =>
  new SamplesError(`${basename(file)}, line ${line.number}: ${message}`);
