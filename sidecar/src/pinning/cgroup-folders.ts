import { posix } from "node:path";
import type { ReadText } from "./read-text.ts";

interface Mount {
  /** The part of the hierarchy that is mounted: in a container without a cgroup namespace its own cgroup. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * Path of this process in the hierarchy of a controller ("" for the unified one), from lines such as
 * "4:cpu,cpuacct:/pods/a" of /proc/self/cgroup; null where that controller is not in a hierarchy of its own.
 */
export function cgroupPath(membership: string, controller: string): string | null {
  for (const line of membership.split("\n")) {
    const [, controllers, ...path] = line.split(":");
    if (controllers?.split(",").includes(controller)) return path.join(":");
  }
  return null;
}

/** The process' own folder of a controller and those of its ancestors, as far as they are mounted. */
export function cgroupFolders(read: ReadText, controller: string): string[] {
  const membership = read("/proc/self/cgroup") ?? "";
  const v1 = cgroupPath(membership, controller);
  const path = v1 ?? cgroupPath(membership, "");
  const mount = parseMounts(read("/proc/self/mountinfo") ?? "").find(({ type, options }) =>
    v1 === null ? type === "cgroup2" : type === "cgroup" && options.includes(controller),
  );
  if (path === null || mount === undefined) return [];
  const below = posix.relative(mount.root, path);
  const own = below.startsWith("..") ? mount.point : posix.join(mount.point, below);
  return withAncestors(own, mount.point);
}

function withAncestors(folder: string, top: string): string[] {
  return folder === top || folder.length <= top.length ? [top] : [folder, ...withAncestors(posix.dirname(folder), top)];
}

/** The cgroup mounts of /proc/self/mountinfo; fields as proc_pid_mountinfo(5) numbers them. */
function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const [, , , root, point] = before?.split(" ") ?? [];
    const [type, , options] = after?.split(" ") ?? [];
    if (root === undefined || point === undefined || type === undefined || !type.startsWith("cgroup")) return [];
    return [{ root, point, type, options: options?.split(",") ?? [] }];
  });
}
