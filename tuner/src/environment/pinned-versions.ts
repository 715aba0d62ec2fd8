import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { readText } from "@sweetspot/sidecar";

/** The versions that this release was tested with; null where the installation does not hold them, as in an image. */
export interface PinnedVersions {
  readonly node: string | null;
  readonly engine: string | null;
  /** By package, several where they depend on the Python; empty where there is no lock file of the Python tools. */
  readonly python: Readonly<Record<string, readonly string[]>>;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const requirements = fileURLToPath(new URL("../../python/requirements.txt", import.meta.url));
const checkout = fileURLToPath(new URL("../../../package.json", import.meta.url));

/** Reads the pins of this installation: exact versions in package.json and the lock file of the Python tools. */
export function readPins(): PinnedVersions {
  const exact = (version: string | undefined) => (/^\d+\.\d+\.\d+$/.test(version ?? "") ? (version as string) : null);
  return {
    node: exact(manifestOf(checkout).optionalDependencies?.[`node-linux-${process.arch}`]),
    engine: exact(sidecarManifest().dependencies?.["onnxruntime-node"]),
    python: parseRequirements(readText(requirements) ?? ""),
  };
}

function manifestOf(file: string): Manifest {
  try {
    return JSON.parse(readText(file) ?? "{}") as Manifest;
  } catch {
    return {};
  }
}

/** The engine belongs to the sidecar, so its pin stands there. */
function sidecarManifest(): Manifest {
  try {
    return createRequire(import.meta.resolve("@sweetspot/sidecar"))("../package.json") as Manifest;
  } catch {
    return {};
  }
}

/** The pins of a requirements.txt: lines such as "onnx==1.23.2 \\", of which one package may have several (";"). */
export function parseRequirements(text: string): Record<string, string[]> {
  const pins: Record<string, string[]> = {};
  for (const [, name = "", version = ""] of text.matchAll(/^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)/gm)) {
    pins[name.toLowerCase()] = [...(pins[name.toLowerCase()] ?? []), version];
  }
  return pins;
}

/** How an installed version stands to the pinned one. Only the first three numbers count. */
export function compareVersions(installed: string, pinned: string): "Same" | "Older" | "Newer" {
  const [a, b] = [installed, pinned].map((version) => version.split(/[.+-]/).slice(0, 3).map(Number));
  for (const place of [0, 1, 2]) {
    const difference = (a?.[place] || 0) - (b?.[place] || 0);
    if (difference !== 0) return difference < 0 ? "Older" : "Newer";
  }
  return "Same";
}

/** Do two versions have the same first two numbers? */
export const sameMinor = (a: string, b: string): boolean =>
  a.split(".").slice(0, 2).join(".") === b.split(".").slice(0, 2).join(".");
