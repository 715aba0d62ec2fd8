import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EngineFailure } from "./engine.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const programs = fileURLToPath(new URL("../../python/", import.meta.url));

/** Isolated from the user's own packages and variables; no `-I`, which would hide the program's other files from it. */
const flags = ["-E", "-s", "-B"];
const probeMilliseconds = 60_000;

/** An engine that runs in Python and is optional. */
export interface PythonEngine {
  /** Imports all that the engine needs and prints its version. */
  readonly probe: string;
  /** The program of the engine process, a file of `sidecar/python`. */
  readonly program: string;
  /** Why it is not there and what to do, for the user. */
  readonly missing: string;
}

/** An interpreter that really imports an engine, and the version of that. */
export interface EngineInstallation {
  readonly python: string;
  readonly version: string;
}

/** Why an engine is not there. `requirements`: a file of `sidecar/python`. */
export const notInstalled = (name: string, requirements: string): string =>
  `${name} is not installed: run \`npm run setup\`, or set SWEETSPOT_PYTHON to an interpreter that has the packages of ` +
  `sidecar/python/${requirements}.`;

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

/** The first interpreter that has an engine; null where there is none. Never rejects. */
export async function findEngine(
  { probe }: PythonEngine,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<EngineInstallation | null> {
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

/** The command of an engine. Rejects with `EngineFailure` where it is not installed. */
export async function engineCommand(engine: PythonEngine): Promise<string[]> {
  const found = await findEngine(engine);
  if (found === null) throw new EngineFailure("Unavailable", engine.missing);
  return [found.python, ...flags, join(programs, engine.program)];
}
