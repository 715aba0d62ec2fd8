import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runLimited } from "./subprocess.ts";

/** A Python that can quantize. */
export interface PythonEnvironment {
  /** Absolute path of the interpreter, or a name on the PATH. */
  readonly executable: string;
  /** Of Python itself and of the packages that decide what comes out. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Why there is no INT8 variant on a machine without Python. */
export const missingPython =
  "There is no Python environment that can quantize: run `npm run setup`, or set SWEETSPOT_PYTHON to an interpreter " +
  "that has the packages of tuner/python/requirements.txt.";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** Interpreters in the order in which they are tried. A variable that is set is the only place that counts. */
export function pythonCandidates(environment: NodeJS.ProcessEnv, home = homeFolder()): string[] {
  const { SWEETSPOT_PYTHON: named, SWEETSPOT_CACHE: cache } = environment;
  if (named !== undefined && named !== "") return [named];
  const shared = home === null ? [] : [join(home, ".cache", "sweetspot")];
  const caches = cache ? [cache] : [join(repository, ".cache"), ...shared];
  return caches.map((folder) => join(folder, "python", "bin", "python"));
}

/** Null for a user that the system knows nothing of, as in a container, and without HOME. */
function homeFolder(): string | null {
  try {
    return homedir();
  } catch {
    return null;
  }
}

const probe = `
import json, platform
import numpy, onnx, onnxruntime, onnxruntime.quantization
modules = (numpy, onnx, onnxruntime)
print(json.dumps({"python": platform.python_version(), **{m.__name__: m.__version__ for m in modules}}))
`;
const probeSeconds = 60;

/** The first interpreter that really imports what quantization needs; null where there is none. Never throws. */
export async function findPython(environment: NodeJS.ProcessEnv = process.env): Promise<PythonEnvironment | null> {
  for (const executable of pythonCandidates(environment)) {
    if (executable.includes("/") && !existsSync(executable)) continue;
    const run = await runLimited(executable, ["-I", "-c", probe], {
      timeoutSeconds: probeSeconds,
      environment: { ...process.env, ORT_DISABLE_TELEMETRY: "1" },
    });
    const versions = parseVersions(run.stdout);
    if (run.code === 0 && versions !== null) return { executable, versions };
  }
  return null;
}

function parseVersions(text: string): Record<string, string> | null {
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return null;
  }
}
