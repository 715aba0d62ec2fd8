import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const run = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** Makes `folder` a file system of its own of so many bytes. False where that is not permitted. */
export function mountSmallDisk(folder: string, bytes: number): boolean {
  mkdirSync(folder, { recursive: true });
  return run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder);
}

export const unmount = (folder: string): boolean => run("umount", folder);

/** Whether this process may mount file systems: only root may, and not in every container. */
export function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "sweetspot-mount-"));
  try {
    return mountSmallDisk(folder, 65_536) && unmount(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
