import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ClusterError } from "../cluster-error.ts";
import { lockFile } from "../process/lock.ts";
import { type RunResult, tryRun } from "../process/run.ts";
import { binaryFolder, cacheRoot, goFolder } from "./cache.ts";
import { type BinaryName, type BinarySource, buildArguments, catalogue, controlPlaneBinaries } from "./catalogue.ts";

/** Where the programs are: absolute paths. */
export type Binaries<Name extends BinaryName = BinaryName> = Readonly<Record<Name, string>>;

const progressMilliseconds = 15_000;

/**
 * Finds programs of the cluster and builds those that are missing. etcd, kube-apiserver and kubectl are taken from the
 * folder `KUBEBUILDER_ASSETS` where that is set and holds them, everything else from the cache. A cold build of all
 * takes about 15 minutes on 2 CPUs. Two builds at once wait for each other.
 * Throws `ClusterError` when Go is missing or a build fails.
 */
export async function ensureBinaries<Name extends BinaryName>(
  names: readonly Name[],
  say: (text: string) => void = () => undefined,
): Promise<Binaries<Name>> {
  const given = givenBinaries(names);
  const places = given.size === names.length ? given : placesOf(names, await goVersion());
  await buildMissing(places, say);
  return Object.fromEntries(places) as Binaries<Name>;
}

/** Whether all of these programs are there, so that `ensureBinaries` would build nothing. */
export async function binariesAreThere(names: readonly BinaryName[]): Promise<boolean> {
  if (givenBinaries(names).size === names.length) return true;
  const version = await installedGo();
  return version !== null && [...placesOf(names, version).values()].every((path) => existsSync(path));
}

/** Programs that `KUBEBUILDER_ASSETS` provides, with their paths. */
function givenBinaries<Name extends BinaryName>(names: readonly Name[]): Map<Name, string> {
  const folder = process.env["KUBEBUILDER_ASSETS"];
  if (!folder) return new Map();
  const shared: readonly BinaryName[] = controlPlaneBinaries;
  const found = names.filter((name) => shared.includes(name) && existsSync(join(folder, name)));
  return new Map(found.map((name) => [name, join(folder, name)]));
}

/** Where each program is or will be. */
function placesOf<Name extends BinaryName>(names: readonly Name[], version: string): Map<Name, string> {
  const given = givenBinaries(names);
  const cached = (name: Name) => join(binaryFolder(catalogue[name].module, version), name);
  return new Map(names.map((name) => [name, given.get(name) ?? cached(name)]));
}

async function installedGo(): Promise<string | null> {
  const result = await tryRun(["go", "env", "GOVERSION"]).catch(() => null);
  return result?.code === 0 ? result.stdout.trim() : null;
}

async function goVersion(): Promise<string> {
  const version = await installedGo();
  if (version !== null) return version;
  throw new ClusterError(
    "Go was not found, and the cluster's programs are built with it. Install Go 1.26.6 or newer (https://go.dev/dl) and " +
      "put it in PATH. For the API server alone KUBEBUILDER_ASSETS may name a folder with etcd, kube-apiserver and kubectl.",
  );
}

async function buildMissing(places: ReadonlyMap<BinaryName, string>, say: (text: string) => void): Promise<void> {
  const missing = () => [...places].filter(([, path]) => !existsSync(path));
  if (missing().length === 0) return;
  await using _lock = await lockFile(join(cacheRoot(), "build.lock"), {
    onWait: () => say("another command builds the cluster's programs; waiting for it"),
  });
  const todo = missing();
  for (const [index, [name, path]] of todo.entries()) {
    await build(name, path, (text) => say(`building ${name} (${index + 1} of ${todo.length})${text}`));
  }
}

/** Builds beside the final place and renames, so that a program under its name is always complete. */
async function build(name: BinaryName, path: string, say: (text: string) => void): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const start = performance.now();
  const output = `${path}.new`;
  say("");
  const timer = setInterval(
    () => say(`, ${Math.round((performance.now() - start) / 1000)} s so far`),
    progressMilliseconds,
  );
  try {
    const result = await goBuild(catalogue[name], output);
    if (result.code !== 0) {
      throw new ClusterError(`Go could not build ${name}:\n${result.stderr.split("\n").slice(-15).join("\n")}`);
    }
    renameSync(output, path);
  } finally {
    clearInterval(timer);
    rmSync(output, { force: true });
  }
}

function goBuild(source: BinarySource, output: string): Promise<RunResult> {
  const cwd = join(goFolder, source.module);
  const goMod = readFileSync(join(cwd, "go.mod"), "utf8");
  // Static programs run in images from scratch and do not depend on a C compiler; a workspace of the user is not ours.
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" };
  return tryRun(["go", ...buildArguments(source, goMod, output)], { cwd, env });
}
