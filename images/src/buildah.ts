import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "./cache.ts";
import { runProgram, succeeds } from "./run-program.ts";

/** Runs `buildah` with these words and returns its standard output. */
export type Buildah = (...words: string[]) => Promise<string>;

/**
 * Buildah with a storage of its own beside our cache, and without namespaces, so that it works inside of containers and
 * small virtual machines too.
 */
export async function openBuildah(): Promise<Buildah> {
  const folder = join(cacheFolder(), "buildah");
  await mkdir(folder, { recursive: true });
  const places = ["--root", join(folder, "storage"), "--runroot", join(folder, "run")];
  const env = { ...process.env, BUILDAH_ISOLATION: "chroot" };
  // Or the driver leaves a mount behind.
  const overlay = [...places, "--storage-driver", "overlay", "--storage-opt", "overlay.skip_mount_home=true"];
  const works = await succeeds("buildah", [...overlay, "images", "--quiet"], { env });
  const options = works ? overlay : [...places, "--storage-driver", "vfs"];
  return (...words) => runProgram("buildah", [...options, ...words], { env });
}

/** Whether buildah's storage knows this image. */
export async function hasImage(buildah: Buildah, reference: string): Promise<boolean> {
  return (await buildah("images", "--quiet", "--filter", `reference=${reference}`)).trim() !== "";
}
