import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached, cacheFolder, keepNewest, keyOf } from "./cache.ts";
import { isUnusedNodeFile, type Machine } from "./prune.ts";
import { removeFiles } from "./remove-files.ts";
import { runProgram } from "./run-program.ts";
import { checkout, type Workspace } from "./workspaces.ts";

const keptTrees = 4;

const npmOptions = ["--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--no-progress"];

/** What npm leaves for itself. */
const npmFiles = ["package-lock.json", "node_modules/.package-lock.json", "node_modules/.bin"];

/** What one kind of content of an image is, before it is made. */
export interface Ingredient {
  /** Equal keys are equal contents. */
  readonly key: string;
  /** Makes it unless it is there, and returns the path of its folder or file. */
  readonly make: () => Promise<string>;
}

/**
 * A production install of exactly these workspaces, at the versions of the lock file, without what an image for this
 * machine has no use for. The folder holds `node_modules` and the workspaces' package.json.
 */
export async function planDependencies(workspaces: readonly Workspace[], machine: Machine): Promise<Ingredient> {
  const lock = await readFile(join(checkout, "package-lock.json"), "utf8");
  const manifests = workspaces.map(({ folder, manifest: { name, version, dependencies } }) => ({
    folder,
    content: { name, version, dependencies },
  }));
  const rules = await Promise.all(
    [import.meta.filename, join(import.meta.dirname, "prune.ts")].map((path) => readFile(path)),
  );
  const key = keyOf(JSON.stringify([manifests, machine]), productionPackages(lock), ...rules);

  const install = async (folder: string) => {
    const root = { name: "sweetspot", private: true, workspaces: manifests.map((item) => item.folder) };
    await writeJson(join(folder, "package.json"), root);
    for (const item of manifests) await writeJson(join(folder, item.folder, "package.json"), item.content);
    await writeFile(join(folder, "package-lock.json"), lock);
    // Optional packages hold the libraries of one platform each, such as those that decode images.
    const platform = [`--os=${machine.platform}`, `--cpu=${machine.architecture}`, "--libc=glibc"];
    await runProgram("npm", ["install", ...npmOptions, ...platform], { cwd: folder, env: npmEnvironment(process.env) });
    for (const path of npmFiles) await rm(join(folder, path), { recursive: true, force: true });
    await removeFiles(folder, (path) => path.includes("node_modules/") && isUnusedNodeFile(path, machine));
  };
  const make = async () => {
    const tree = await cached(join(cacheFolder(), `dependencies-${key}`), install);
    await keepNewest(cacheFolder(), "dependencies-", keptTrees);
    return tree;
  };
  return { key, make };
}

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
}

/** The part of a lock file that a production install can see. */
function productionPackages(lock: string): string {
  const { packages } = JSON.parse(lock) as { readonly packages: Readonly<Record<string, LockedPackage>> };
  const installed = Object.entries(packages).filter(([path, { dev }]) => path.includes("node_modules/") && !dev);
  return JSON.stringify(installed.map(([path, { version, integrity }]) => [path, version, integrity]));
}

/** npm scripts hand down a filter and a prefix of the checkout, which must not reach an install elsewhere. */
function npmEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = /^npm_config_(workspaces?|prefix|local_prefix|loglevel)$/i;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !inherited.test(name)));
}

async function writeJson(path: string, content: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(content)}\n`);
}
