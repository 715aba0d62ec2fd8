import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** What images need to know of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly type?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** One workspace of the checkout. */
export interface Workspace {
  /** Its folder, relative to the root. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Contents of its sources by path relative to the root, without tests and what only they use. */
  readonly sources: ReadonlyMap<string, Buffer>;
}

const scope = "@sweetspot/";
/** Python sources that the tuner runs lie beside its TypeScript. */
const sourcePatterns = ["src/**/*.ts", "python/*.py"];
const isTestFile = (path: string): boolean => /\.test\.ts$|\/testing\/|\/test_[^/]*\.py$/.test(path);

/** The workspace in `folder` and all that it depends on, in order of their folders' names. Reads every source once. */
export async function workspaceClosure(folder: string, root = checkout): Promise<Workspace[]> {
  const found = new Map<string, Workspace>();
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    const workspace = await readWorkspace(next, root);
    found.set(next, workspace);
    waiting.push(...dependenciesWithin(workspace.manifest));
  }
  return [...found.values()].sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** A workspace `@sweetspot/x` lies in the folder `x`. */
const dependenciesWithin = ({ dependencies = {} }: Manifest): string[] =>
  Object.keys(dependencies)
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length));

async function readWorkspace(folder: string, root: string): Promise<Workspace> {
  const manifest = withoutPlugin(JSON.parse(await readFile(join(root, folder, "package.json"), "utf8")));
  const patterns = sourcePatterns.map((pattern) => `${folder}/${pattern}`);
  const paths = globSync(patterns, { cwd: root }).filter((path) => !isTestFile(path));
  const sources = new Map<string, Buffer>();
  for (const path of paths.sort()) sources.set(path, await readFile(join(root, path)));
  return { folder, manifest, sources };
}

/**
 * kubectl's plugin runs where people work, never in a container: without it, images need not hold the operator and its
 * client, which are optional dependencies.
 */
function withoutPlugin({ bin, exports, ...manifest }: Manifest): Manifest {
  const kept = (paths: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(paths).filter(([name]) => !/^(\.\/)?kubectl\b/.test(name)));
  return {
    ...manifest,
    ...(bin === undefined ? {} : { bin: kept(bin) }),
    ...(exports === undefined ? {} : { exports: kept(exports) }),
  };
}
