import { existsSync } from "node:fs";
import { pythonCandidates } from "@sweetspot/sidecar";
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

const probe = `
import json, platform
from importlib.metadata import PackageNotFoundError, version
import numpy, onnx, onnxruntime, onnxruntime.quantization
versions = {m.__name__: m.__version__ for m in (numpy, onnx, onnxruntime)}
try:
    versions["nncf"] = version("nncf")
except PackageNotFoundError:
    pass
print(json.dumps({"python": platform.python_version(), **versions}))
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
