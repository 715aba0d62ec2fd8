import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EngineFailure } from "./engine.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const program = fileURLToPath(new URL("../../python/openvino_child.py", import.meta.url));

/** Why the engine is not there. */
export const missingOpenVino =
  "OpenVINO is not installed: run `npm run setup`, or set SWEETSPOT_PYTHON to an interpreter that has the packages of " +
  "sidecar/python/requirements-openvino.txt.";

/** Isolated from the user's own packages and variables; no `-I`, which would hide the program's other file from it. */
const flags = ["-E", "-s", "-B"];
const probe = "import openvino, numpy; print(openvino.get_version().split('-')[0])";
const probeMilliseconds = 60_000;

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

/** An interpreter that really imports OpenVINO, and the version of that. */
export interface OpenVinoInstallation {
  readonly python: string;
  readonly version: string;
}

/** Null where there is none. Never rejects. */
export async function findOpenVino(environment: NodeJS.ProcessEnv = process.env): Promise<OpenVinoInstallation | null> {
  for (const python of pythonCandidates(environment)) {
    if (python.includes("/") && !existsSync(python)) continue;
    try {
      const { stdout } = await run(python, [...flags, "-c", probe], { timeout: probeMilliseconds });
      return { python, version: stdout.trim() };
    } catch {
      // The next one may have it.
    }
  }
  return null;
}

/** The command of the OpenVINO engine. Rejects with `EngineFailure` where it is not installed. */
export async function openVinoCommand(): Promise<string[]> {
  const found = await findOpenVino();
  if (found === null) throw new EngineFailure("Unavailable", missingOpenVino);
  return [found.python, ...flags, program];
}
