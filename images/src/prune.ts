/** What a tree of packages is made for. */
export interface Machine {
  /** As in `process.platform` and `process.arch`. */
  readonly platform: string;
  readonly architecture: string;
}

const licence = /^(licen[cs]e|notice|copying|copyright)/i;
/** Types, source maps and pages for readers. */
const unusedKinds = /\.(d\.ts|ts|mts|cts|map|md|markdown|flow|tsbuildinfo)$/;
const testFile = /\.test\.[cm]?js$/;
/** Folders that packages publish for their developers. */
const unusedFolders = new Set(["test", "tests", "__tests__", "doc", "docs", "example", "examples", "bench"]);
for (const name of ["benchmark", "benchmarks", "coverage", ".github"]) unusedFolders.add(name);

/** The libraries that ONNX Runtime needs on a CPU; all others are for GPUs. */
const engineFiles = new Set(["libonnxruntime.so.1", "onnxruntime_binding.node"]);

/**
 * Whether a file of a production install is of no use in an image for this machine.
 * `path`: relative to the folder that contains `node_modules`, with slashes.
 */
export function isUnusedNodeFile(path: string, machine: Machine): boolean {
  // Packages lie in packages: a folder that only developers use may hold a `node_modules` of its own.
  const packages = path.split("node_modules/").slice(1).map(splitPackage);
  const { name = "", parts = [] } = packages.at(-1) ?? {};
  const file = parts.at(-1) ?? "";
  if (packages.some(({ parts: [first = "", ...rest] }) => rest.length > 0 && unusedFolders.has(first))) return true;
  if (licence.test(file)) return false;
  if (unusedKinds.test(file) || testFile.test(file)) return true;
  if (name === "onnxruntime-node") return isUnusedEngineFile(parts, machine);
  return isForeignPrebuild(parts, machine);
}

/** The name of a package, and the rest of a path that begins with it. */
function splitPackage(path: string): { readonly name: string; readonly parts: readonly string[] } {
  const words = path.split("/");
  const nameWords = path.startsWith("@") ? 2 : 1;
  return { name: words.slice(0, nameWords).join("/"), parts: words.slice(nameWords) };
}

/** `bin/napi-v6/PLATFORM/ARCHITECTURE/FILE`, and `script/`, which fetches libraries for GPUs. */
function isUnusedEngineFile(parts: readonly string[], { platform, architecture }: Machine): boolean {
  if (parts[0] === "script") return true;
  if (parts[0] !== "bin") return false;
  return parts[2] !== platform || parts[3] !== architecture || !engineFiles.has(parts[4] ?? "");
}

/** `prebuilds/PLATFORM-ARCHITECTURE/...` */
function isForeignPrebuild(parts: readonly string[], { platform, architecture }: Machine): boolean {
  const index = parts.indexOf("prebuilds");
  return index !== -1 && parts[index + 1] !== `${platform}-${architecture}`;
}

/** Whether a file of a Python package is of no use in an image. `path`: relative to site-packages, with slashes. */
export function isUnusedPythonFile(path: string): boolean {
  const parts = path.split("/");
  const file = parts.at(-1) ?? "";
  if (parts[0] === "bin") return true;
  if (parts.slice(0, -1).includes("tests")) return true;
  return path.startsWith("onnx/backend/test/") || /\.(pyi|h|hpp|c|cc|proto|a|lib)$/.test(file);
}
