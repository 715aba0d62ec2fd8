import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { UserError } from "./user-error.ts";
import * as values from "./values.ts";

interface ExportOptions {
  readonly out?: string;
  readonly timeout: number;
}

/** `sweetspot export FOLDER`: makes an ONNX file of a PyTorch or Hugging Face folder. */
export const exportCommand = (context: CliContext): Command =>
  new Command("export")
    .description("Export a PyTorch (*.pt2) or Hugging Face folder to ONNX")
    .argument("<folder>", "the folder of the model")
    .option("--out <file>", "the ONNX file (default: ./FOLDER.onnx)")
    .option("--timeout <duration>", "how long it may take", values.parseSeconds, 600)
    .action((folder: string, options: ExportOptions) => runExport(folder, options, context));

async function runExport(folder: string, options: ExportOptions, { terminal }: CliContext): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() !== true) {
    throw new UserError("BadInput", `There is no folder ${folder}. Name the one that the model was saved in.`);
  }
  const { ExportError, exportModel } = await import("@sweetspot/tuner");
  const output = options.out ?? `${basename(resolve(folder))}.onnx`;
  const limits = { timeoutSeconds: options.timeout };
  const exported = await exportModel(resolve(folder), resolve(output), limits).catch((error: unknown) => {
    throw error instanceof ExportError ? new UserError("BadInput", error.message) : error;
  });
  const versions = Object.entries(exported.versions).map(([name, version]) => `${name} ${version}`);
  terminal.out(`${exported.message} Wrote ${output} (${versions.join(", ")}).\n`);
}
