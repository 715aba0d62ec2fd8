import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describeModel } from "@sweetspot/sidecar";
import * as z from "zod";
import { runLimited } from "../variants/subprocess.ts";

/** A folder that could not be exported. The message says what to do. */
export class ExportError extends Error {
  override readonly name = "ExportError";
}

const Answer = z.object({
  state: z.enum(["Ready", "OutOfMemory", "Failed"]),
  message: z.string(),
  versions: z.record(z.string(), z.string()),
});

const script = fileURLToPath(new URL("../../python/export.py", import.meta.url));
const environment = fileURLToPath(new URL("../../../.cache/export", import.meta.url));

const missing =
  "There is no Python environment that can export: run `node scripts/setup.mjs --for export` (about 3 GB), or set " +
  "SWEETSPOT_EXPORT_PYTHON to an interpreter that has the packages of tuner/python/requirements-export.txt.";

export interface ExportOptions {
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  /** Where SWEETSPOT_EXPORT_PYTHON may be set. */
  readonly variables?: NodeJS.ProcessEnv;
}

/** What was exported in words, and the versions of the tools. */
export type Exported = Omit<z.infer<typeof Answer>, "state">;

/**
 * Exports a PyTorch or Hugging Face folder to an ONNX file that the tuner can read, in a Python environment of its own.
 * Both paths are absolute. Throws `ExportError`.
 */
export async function exportModel(folder: string, output: string, options: ExportOptions): Promise<Exported> {
  const { variables = process.env, timeoutSeconds } = options;
  const python = variables["SWEETSPOT_EXPORT_PYTHON"] || `${environment}/bin/python`;
  if (!existsSync(python)) throw new ExportError(missing);
  await mkdir(dirname(output), { recursive: true });
  const words = ["-E", "-s", script, "--exit-with-parent", "--input", folder, "--output", output];
  const offline = { HF_HUB_OFFLINE: "1", HF_HUB_DISABLE_TELEMETRY: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const run = await runLimited(python, words, { ...options, environment: { ...variables, ...offline } });
  if (run.end === "TimedOut") throw new ExportError(`Exporting took longer than ${timeoutSeconds} s.`);
  if (run.end === "Aborted") throw new ExportError("Stopped before the model was exported.");
  const answer = answerOf(run.stdout);
  if (answer === null || run.end === "NotStarted") throw new ExportError(`${missing} ${lastLine(run.stderr)}`.trim());
  if (answer.state !== "Ready") throw new ExportError(answer.message);
  await describeModel(output);
  return answer;
}

function answerOf(stdout: string): z.infer<typeof Answer> | null {
  try {
    return Answer.parse(JSON.parse(stdout));
  } catch {
    return null;
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
