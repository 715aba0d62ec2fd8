import { posix } from "node:path";

const engineRoom = ["crds", "planner", "sidecar", "tuner"];

/** Which packages each folder may import: downwards only, as docs/architecture.md draws it. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  crds: [],
  planner: ["crds"],
  sidecar: ["crds", "planner"],
  tuner: ["crds", "planner", "sidecar"],
  operator: ["crds", "planner"],
  images: [],
  cli: [...engineRoom, "operator"],
  test: [...engineRoom, "operator", "cli", "images"],
  demo: [...engineRoom, "operator", "cli", "images", "test"],
  bench: [...engineRoom, "operator", "cli", "test"],
  proof: [...engineRoom, "operator", "cli", "test", "bench"],
};

const importPattern =
  /(?:^|[;\s])(?:import|export)\s[^"';]*?\bfrom\s*"([^"]+)"|\bimport\s*\(\s*"([^"]+)"|^\s*import\s+"([^"]+)"/gm;

/** The module names that a source imports or re-exports. */
export function importsOf(source: string): string[] {
  return Array.from(source.matchAll(importPattern), (match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** Tests and their helpers (`testing/`) may also use the builders and models in `test/`. */
const isTestCode = (file: string): boolean => file.endsWith(".test.ts") || file.includes("/testing/");

/**
 * Sentences about imports that go against the layering; empty when all is well.
 * `file`: path from the root of the checkout, with slashes.
 */
export function importProblems(file: string, source: string): string[] {
  const folder = file.split("/")[0] ?? "";
  const packages = allowed[folder];
  if (packages === undefined) return [];
  const reachable = isTestCode(file) ? [...packages, "test"] : packages;
  return importsOf(source)
    .map((name) => problemOf(file, folder, name, reachable))
    .filter((problem) => problem !== null);
}

function problemOf(file: string, folder: string, name: string, reachable: readonly string[]): string | null {
  if (name.startsWith(".")) return relativeProblem(file, folder, name);
  if (name.startsWith("node:")) {
    if (folder !== "planner" || isTestCode(file)) return null;
    return `${file} imports ${name}: planner/ is pure and does no I/O`;
  }
  const target = /^@sweetspot\/([^/]+)/.exec(name)?.[1];
  if (target === undefined || target === folder || reachable.includes(target)) return null;
  return `${file} imports ${name}: ${folder}/ may import only ${reachable.join(", ") || "nothing of this project"}`;
}

function relativeProblem(file: string, folder: string, name: string): string | null {
  const target = posix.join(posix.dirname(file), name);
  const targetFolder = target.split("/")[0];
  if (targetFolder === folder) return null;
  if (targetFolder === "test" && isTestCode(file)) return null;
  return `${file} imports ${name}: another package is imported by its name, @sweetspot/${targetFolder}`;
}
