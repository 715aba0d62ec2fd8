import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const mountPoint = "/sys/fs/cgroup";

/** Whether this host has one cgroup v2 hierarchy for everything. */
const isUnified = (): boolean => existsSync(join(mountPoint, "cgroup.controllers"));

/** The folders below which a cgroup of a node lies: one on v2; one for each controller on v1. */
function hierarchies(): string[] {
  if (isUnified()) return [mountPoint];
  const entries = readdirSync(mountPoint, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(mountPoint, entry.name));
}

/** Makes a node's own cgroup. The kubelet wants it to be there, with CPUs and memory nodes on v1. */
export function createCgroup(name: string): void {
  if (isUnified()) delegateControllers();
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, name);
    mkdirSync(folder, { recursive: true });
    for (const file of ["cpuset.cpus", "cpuset.mems"]) copyFromParent(hierarchy, folder, file);
  }
}

function copyFromParent(parent: string, folder: string, file: string): void {
  const source = join(parent, file);
  if (existsSync(source)) writeFileSync(join(folder, file), readFileSync(source));
}

function delegateControllers(): void {
  const controllers = readFileSync(join(mountPoint, "cgroup.controllers"), "utf8").trim().split(/\s+/);
  writeFileSync(join(mountPoint, "cgroup.subtree_control"), controllers.map((name) => `+${name}`).join(" "));
}

/** Removes a node's cgroup with all below it. Its processes must be ending: a cgroup with processes cannot go. */
export async function removeCgroup(name: string): Promise<void> {
  for (const hierarchy of hierarchies()) await removeTree(join(hierarchy, name));
}

/** Where a cgroup of this name still is: one folder per hierarchy. */
export const cgroupFolders = (name: string): string[] =>
  hierarchies()
    .map((hierarchy) => join(hierarchy, name))
    .filter((folder) => existsSync(folder));

async function removeTree(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  // The kernel lets go of a killed process a moment after it has disappeared from /proc.
  for (let attempt = 0; ; attempt++) {
    try {
      return rmdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}
