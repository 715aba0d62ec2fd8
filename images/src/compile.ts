import { chmod, cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached, cacheFolder, keepNewest, keyOf } from "./cache.ts";
import { runProgram } from "./run-program.ts";
import { checkout, type Manifest, type Workspace } from "./workspaces.ts";

/**
 * Files that are started or loaded by their name and imported by nobody: the ends of these names say so. A test holds
 * that the compiled tree has every program that it starts.
 */
const programPattern = /(-child|-program|-process|-worker|\/main)\.ts$/;

const keptTrees = 6;

/** What names the compiled form of these workspaces. */
export async function compiledKey(workspaces: readonly Workspace[]): Promise<string> {
  const parts = workspaces.flatMap(({ manifest, sources }) => [JSON.stringify(manifest), ...[...sources].flat()]);
  return keyOf(await readFile(import.meta.filename), ...parts);
}

/**
 * Compiles workspaces to plain JavaScript and returns the folder: `NAME/package.json` whose exports and commands point at
 * `NAME/dist/*.js`, and `bin/` with the commands. What neither exports, commands nor programs reach is left out. Types are
 * not checked here: `npm run check` does that.
 */
export async function compile(workspaces: readonly Workspace[]): Promise<string> {
  const folder = cacheFolder();
  const tree = await cached(join(folder, `compiled-${await compiledKey(workspaces)}`), (temporary) =>
    compileInto(temporary, workspaces),
  );
  await keepNewest(folder, "compiled-", keptTrees);
  return tree;
}

async function compileInto(target: string, workspaces: readonly Workspace[]): Promise<void> {
  const sources = `${target}-sources`;
  try {
    await writeSources(sources, workspaces);
    await writeFile(join(sources, "tsconfig.json"), JSON.stringify(compilerOptions(sources, target, workspaces)));
    const compiler = join(checkout, "node_modules", ".bin", "tsc");
    await runProgram(compiler, ["--project", join(sources, "tsconfig.json")], { cwd: sources });
  } finally {
    await rm(sources, { recursive: true, force: true });
  }
  for (const workspace of workspaces) await finishPackage(target, workspace);
}

/** A copy of the sources as they were read, so that an edit during the compilation cannot enter it under an old key. */
async function writeSources(folder: string, workspaces: readonly Workspace[]): Promise<void> {
  for (const [path, content] of workspaces.flatMap(({ sources }) => [...sources])) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await cp(join(checkout, "tsconfig.json"), join(folder, "base.json"));
  // The nearest package.json tells the compiler which module system the files are of.
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
}

function compilerOptions(sources: string, target: string, workspaces: readonly Workspace[]): object {
  return {
    extends: "./base.json",
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      rewriteRelativeImportExtensions: true,
      rootDir: sources,
      outDir: target,
      types: [],
    },
    include: [],
    files: workspaces.flatMap(entryFiles),
  };
}

/** Paths, relative to the root, of the files that others import by name, run as a command or start as a program. */
export function entryFiles({ folder, manifest, sources }: Workspace): string[] {
  const named = [...Object.values(manifest.exports ?? {}), ...Object.values(manifest.bin ?? {})];
  const paths = named.map((path) => `${folder}/${path.replace(/^\.\//, "")}`);
  const programs = [...sources.keys()].filter((path) => programPattern.test(path));
  return [...new Set([...paths.filter((path) => sources.has(path)), ...programs])];
}

async function finishPackage(tree: string, { folder, manifest, sources }: Workspace): Promise<void> {
  await rename(join(tree, folder, "src"), join(tree, folder, "dist"));
  await writeFile(join(tree, folder, "package.json"), `${JSON.stringify(compiledManifest(manifest), null, 2)}\n`);
  for (const [path, content] of sources) {
    if (!path.endsWith(".py")) continue;
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  for (const [command, source] of Object.entries(manifest.bin ?? {})) {
    const program = join(folder, compiledPath(source));
    await mkdir(join(tree, "bin"), { recursive: true });
    await symlink(join("..", program), join(tree, "bin", command));
    await chmod(join(tree, program), 0o755);
  }
}

const compiledPath = (source: string): string => source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, ".js");

const compiledPaths = (paths: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, compiledPath(path)]));

/** The package.json of a compiled workspace. */
export function compiledManifest({ name, version, exports = {}, bin, dependencies = {} }: Manifest): Manifest {
  const commands = bin === undefined ? {} : { bin: compiledPaths(bin) };
  return { name, version, type: "module", ...commands, exports: compiledPaths(exports), dependencies };
}
