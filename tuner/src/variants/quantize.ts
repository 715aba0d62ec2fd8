import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeCalibration } from "./calibration-file.ts";
import type { PythonEnvironment } from "./python-environment.ts";
import type { QuantizationRecipe } from "./quantization-recipe.ts";
import { type LimitedRun, runLimited } from "./subprocess.ts";

/** How making a variant ended, in words. */
export interface QuantizationResult {
  readonly state: "Ready" | "Failed" | "TimedOut" | "OutOfMemory" | "Skipped";
  readonly message: string;
}

export interface QuantizationLimits {
  readonly timeoutSeconds: number;
  readonly memoryBytes: number;
  readonly signal?: AbortSignal;
}

/** Of the time limit, the rest is for the start of the tool and for calibration. */
const rankingShare = 0.5;

const script = fileURLToPath(new URL("../../python/quantize.py", import.meta.url));

/**
 * Runs quantize.py under limits. `scratch` is a folder of the caller's for everything that is written; the variant is
 * `output` in it. Throws only for errors of the file system.
 */
export async function quantize(
  source: string,
  scratch: string,
  recipe: QuantizationRecipe,
  python: PythonEnvironment,
  limits: QuantizationLimits,
): Promise<QuantizationResult & { readonly output: string }> {
  const output = join(scratch, "variant.onnx");
  const args = ["-E", "-s", script, "--exit-with-parent", "--mode", recipe.mode, "--input", source, "--output", output];
  if (recipe.calibration.length > 0) {
    const calibration = join(scratch, "calibration.safetensors");
    await writeCalibration(calibration, recipe.calibration);
    args.push("--calibration", calibration, "--activations", recipe.activations, "--method", recipe.method);
  }
  if (recipe.keep !== null) {
    const keep = join(scratch, "keep.json");
    await writeFile(keep, JSON.stringify(recipe.keep));
    args.push("--keep", keep);
  }
  if (recipe.mode === "sensitivity") args.push("--seconds", String(rankingShare * limits.timeoutSeconds));
  if (recipe.reduceRange) args.push("--reduce-range");
  args.push("--memory-bytes", String(limits.memoryBytes));
  const run = await runLimited(python.executable, args, {
    ...limits,
    environment: toolEnvironment(scratch),
    folder: scratch,
  });
  return { ...resultOf(run, limits), output };
}

/**
 * No thread pools beside the engine's own, temporary files where the variant goes, nothing written beside the script,
 * and nothing reported to the maker of ONNX Runtime.
 */
const toolEnvironment = (scratch: string): NodeJS.ProcessEnv => ({
  ...process.env,
  TMPDIR: scratch,
  OPENBLAS_NUM_THREADS: "1",
  OMP_NUM_THREADS: "1",
  PYTHONDONTWRITEBYTECODE: "1",
  ORT_DISABLE_TELEMETRY: "1",
});

/** Puts the end of the program into words; its own document speaks first. */
function resultOf(run: LimitedRun, { timeoutSeconds, memoryBytes }: QuantizationLimits): QuantizationResult {
  if (run.end === "TimedOut") {
    return { state: "TimedOut", message: `Making it took longer than ${timeoutSeconds} s: allow more time.` };
  }
  if (run.end === "Aborted") return { state: "Skipped", message: "Tuning was stopped before it was made." };
  if (run.end === "NotStarted")
    return { state: "Failed", message: "Python could not be started: run `npm run setup`." };
  const answer = parseAnswer(run.stdout);
  if (answer?.state === "Ready" || answer?.state === "Skipped") return answer;
  // The engine hides some of its failures to get memory and only prints them; native code aborts or is killed.
  if (answer?.state === "OutOfMemory" || run.signal === "SIGKILL" || memorySigns.test(run.stderr)) {
    const message = `Making it took more than ${Math.round(memoryBytes / 2 ** 20)} MiB of memory: allow more.`;
    return { state: "OutOfMemory", message };
  }
  const how = run.signal ?? `status ${run.code}`;
  return answer ?? { state: "Failed", message: `The tool ended with ${how}: ${lastLine(run.stderr)}` };
}

const memorySigns = /bad_alloc|MemoryError|cannot allocate memory|can't start new thread|pthread_create failed/i;
const states = ["Ready", "Failed", "OutOfMemory", "Skipped"] as const;

function parseAnswer(stdout: string): QuantizationResult | null {
  try {
    const answer = JSON.parse(stdout) as { state?: unknown; message?: unknown };
    const state = states.find((name) => name === answer.state);
    if (state === undefined || typeof answer.message !== "string") return null;
    return { state, message: answer.message };
  } catch {
    return null;
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) || "it gave no reason";
