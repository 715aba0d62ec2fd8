import { existsSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { buildahBuilder } from "./buildah-builder.ts";
import { type Base, type Builder, namedBase, type Progress } from "./builder.ts";
import { cached, cacheFolder, keepNewest, keyOf } from "./cache.ts";
import { compile, compiledKey } from "./compile.ts";
import { layOutContext } from "./context.ts";
import { type Ingredient, planDependencies } from "./dependencies.ts";
import { docker } from "./docker.ts";
import { planNode } from "./node-binary.ts";
import type { Machine } from "./prune.ts";
import { planPythonPackages } from "./python-packages.ts";
import { succeeds } from "./run-program.ts";
import { referenceOf, type TargetName, targets } from "./targets.ts";
import { checkout, workspaceClosure } from "./workspaces.ts";

export interface BuildOptions<T extends TargetName = TargetName> {
  readonly targets: readonly T[];
  /** Default: docker when an engine answers, else buildah. */
  readonly builder?: Builder["name"];
  /** Name of a base image; it needs Python 3.11 where the tuner is built. Default: what the builder builds on. */
  readonly base?: string;
  readonly progress?: Progress;
}

/** An image that lies in a file. */
export interface BuiltImage {
  /** An archive that container runtimes import. */
  readonly archive: string;
  /** The name that the runtime will know it under. */
  readonly reference: string;
  /** Of the archive. Layers are uncompressed, so this is about what the image takes on a node. */
  readonly bytes: number;
  /** Whether it was there already. */
  readonly cached: boolean;
}

const containerfile = join(checkout, "images", "Containerfile");
const machine: Machine = { platform: process.platform, architecture: process.arch };
const keptArchives = 2;

/**
 * Builds images of this checkout for this machine's architecture, or finds them in the cache when none of their contents
 * changed. Only what changed is made anew.
 * @throws Error with what is missing on the machine and what to do about it.
 */
export async function buildImages<T extends TargetName>(options: BuildOptions<T>): Promise<Record<T, BuiltImage>> {
  const builder = await chooseBuilder(options.builder);
  const built = {} as Record<T, BuiltImage>;
  for (const name of options.targets) built[name] = await buildImage(name, builder, options);
  return built;
}

async function buildImage(name: TargetName, builder: Builder, options: BuildOptions): Promise<BuiltImage> {
  const { progress = () => {} } = options;
  const base = options.base === undefined ? builder.defaultBase(targets[name].python) : namedBase(options.base);
  const contents = await planContents(name);
  const key = await imageKey(builder, base, contents);
  const archive = join(cacheFolder(), `${name}-${key}.tar`);
  const found = existsSync(archive);
  await cached(archive, (path) => buildArchive({ name, builder, base, contents, archive: path }, progress));
  await keepNewest(cacheFolder(), `${name}-`, keptArchives);
  return { archive, reference: referenceOf(name), bytes: (await stat(archive)).size, cached: found };
}

/** What the Containerfile copies, by name in the context. */
type Contents = Readonly<Record<string, Ingredient>>;

async function planContents(name: TargetName): Promise<Contents> {
  const { workspace, python } = targets[name];
  const workspaces = await workspaceClosure(workspace);
  const program = join(workspace, "src", "main.ts");
  if (!existsSync(join(checkout, program)))
    throw new Error(`There is no ${program}, so the image ${name} cannot be built.`);
  const compiled = { key: await compiledKey(workspaces), make: () => compile(workspaces) };
  const common = { node: await planNode(machine), dependencies: await planDependencies(workspaces, machine), compiled };
  return python ? { ...common, "python-packages": await planPythonPackages(machine) } : common;
}

async function imageKey(builder: Builder, base: Base, contents: Contents): Promise<string> {
  const keys = Object.values(contents).map((ingredient) => ingredient.key);
  return keyOf(await readFile(containerfile), builder.name, base.key, ...keys);
}

interface ArchiveWork {
  readonly name: TargetName;
  readonly builder: Builder;
  readonly base: Base;
  readonly contents: Contents;
  readonly archive: string;
}

async function buildArchive(work: ArchiveWork, progress: Progress): Promise<void> {
  const { name, builder, contents, archive } = work;
  const base = await work.base.make(progress);
  const sources: Record<string, string> = {};
  for (const [entry, ingredient] of Object.entries(contents)) {
    progress(`${name}: ${entry.replace("-", " ")}`);
    sources[entry] = await ingredient.make();
  }
  const context = `${archive}-context`;
  try {
    await layOutContext(context, sources);
    progress(`${name}: image, with ${builder.name}`);
    await builder.build({ containerfile, context, target: name, base, reference: referenceOf(name), archive });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function chooseBuilder(wanted?: Builder["name"]): Promise<Builder> {
  if (wanted !== undefined) return wanted === "docker" ? docker : buildahBuilder;
  if (await succeeds("docker", ["info"], { timeoutMilliseconds: 10_000 })) return docker;
  if (await succeeds("buildah", ["--version"])) return buildahBuilder;
  throw new Error(
    "There is nothing to build images with: no Docker engine answers, and there is no buildah. On Debian: " +
      "apt-get install buildah debootstrap.",
  );
}
