import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheFolder, keepNewest, keyOf } from "./cache.ts";
import type { Ingredient } from "./dependencies.ts";
import { isUnusedPythonFile, type Machine } from "./prune.ts";
import { removeFiles } from "./remove-files.ts";
import { runProgram, succeeds } from "./run-program.ts";
import { checkout } from "./workspaces.ts";

/** The Python of the images: that of Debian 12. The packages are built for it. */
const pythonVersion = "3.11";
const requirements = join(checkout, "tuner", "python", "requirements.txt");
const keptTrees = 2;

const pipOptions = ["--quiet", "--disable-pip-version-check", "--no-input", "--root-user-action=ignore"];
/** Hash-locked wheels only: nothing of another project is built or run during the installation. */
const lockOptions = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-compile"];

/** What the tuner needs to make variants: a folder to copy to site-packages. */
export async function planPythonPackages(machine: Machine): Promise<Ingredient> {
  const rules = [import.meta.filename, join(import.meta.dirname, "prune.ts"), requirements];
  const key = keyOf(JSON.stringify(machine), ...(await Promise.all(rules.map((path) => readFile(path)))));
  const make = async () => {
    const tree = await cached(join(cacheFolder(), `python-packages-${key}`), installInto);
    await keepNewest(cacheFolder(), "python-packages-", keptTrees);
    return tree;
  };
  return { key, make };
}

async function installInto(folder: string): Promise<void> {
  const python = await findPython();
  await runProgram(python, [
    "-m",
    "pip",
    "install",
    ...pipOptions,
    ...lockOptions,
    "--target",
    folder,
    "-r",
    requirements,
  ]);
  await removeFiles(folder, isUnusedPythonFile);
  // The image is read-only, so modules are compiled here; a check of times would find copies out of date.
  const compile = ["-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"];
  await runProgram(python, [...compile, "-s", folder, "-p", "/", folder]);
}

/** An interpreter of the images' version that has pip: what it resolves and compiles must fit that version. */
async function findPython(): Promise<string> {
  const candidates = [`python${pythonVersion}`, join(checkout, ".cache", "python", "bin", "python"), "python3"];
  const probe = `import pip, sys; sys.exit("%d.%d" % sys.version_info[:2] != "${pythonVersion}")`;
  for (const candidate of candidates) {
    if (candidate.includes("/") && !existsSync(candidate)) continue;
    if (await succeeds(candidate, ["-c", probe])) return candidate;
  }
  throw new Error(
    `The image of the tuner needs Python ${pythonVersion} with pip on the machine that builds it, to fetch its packages. ` +
      `Install it (Debian 12: apt-get install python3-venv, then npm run setup), or build only \`--target sidecar\`.`,
  );
}
