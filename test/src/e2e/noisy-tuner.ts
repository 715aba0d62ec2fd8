import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBinaries } from "../../cluster/src/binaries/binaries.ts";
import type { Cluster } from "../../cluster/src/cluster.ts";
import { writeImageArchive } from "../../cluster/src/images/image-archive.ts";

/** What the operator would take for the tuner's image. */
interface TunerImage {
  readonly repository: string;
  readonly tag: string;
}

/** Loads the image of a program that prints `garbage`, or a `flood` of 100 MB, where a tuner should be. */
export async function loadNoisyTuner(cluster: Cluster, noise: "garbage" | "flood"): Promise<TunerImage> {
  const image = { repository: `noisy-${noise}`, tag: "v1" };
  const { noise: program } = await ensureBinaries(["noise"]);
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-noise-"));
  try {
    const archive = join(folder, "noise.tar");
    writeImageArchive(archive, {
      reference: `sweetspot.dev/${image.repository}:${image.tag}`,
      files: [{ name: "noise", content: readFileSync(program), mode: 0o755 }],
      entrypoint: ["/noise", noise],
      user: "65532:65532",
    });
    await cluster.load(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return image;
}
