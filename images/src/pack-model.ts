import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { cached, cacheFolder, keepNewest, keyOf } from "./cache.ts";
import { runProgram } from "./run-program.ts";

export interface ModelImage {
  /** Files on this machine by their path in the image, such as `{"model.onnx": "/home/me/encoder.onnx"}`. */
  readonly files: Readonly<Record<string, string>>;
  /** The full name of the image, with host and tag: `registry.example/models/encoder:1`. */
  readonly reference: string;
}

/** A model as an image that a pod mounts as a volume. */
export interface PackedModel {
  /** An OCI archive. */
  readonly archive: string;
  readonly reference: string;
}

/** The names under which architectures are known to container runtimes. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const keptArchives = 8;

/** The same files give the same bytes, whoever packs them and when. */
const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];

/**
 * Packs model files as an OCI image of one uncompressed layer, for a Kubernetes image volume. Needs no builder. The files
 * are readable by everybody in the image. Found in the cache when neither files nor name changed.
 * @throws Error for a path that leaves the image, an incomplete reference, or a file that cannot be read.
 */
export async function packModel({ files, reference }: ModelImage): Promise<PackedModel> {
  checkNames(Object.keys(files), reference);
  const digests = await Promise.all(
    Object.entries(files).map(async ([path, source]) => `${path}=${(await digestOfFile(source)).digest}`),
  );
  const folder = join(cacheFolder(), "models");
  const archive = join(folder, `${keyOf(reference, ...digests.sort())}.tar`);
  await cached(archive, (path) => writeArchive(path, files, reference));
  await keepNewest(folder, "", keptArchives);
  return { archive, reference };
}

function checkNames(paths: readonly string[], reference: string): void {
  const bad = paths.find(
    (path) => path === "" || path.startsWith("/") || posix.normalize(path) !== path || path.startsWith(".."),
  );
  if (bad !== undefined) throw new Error(`"${bad}" is not a path inside of an image: give one like "model.onnx".`);
  if (paths.length === 0) throw new Error("There are no files to pack.");
  // Without a host and a tag, runtimes complete the name each in their own way.
  if (!/^[a-z0-9.-]+(:\d+)?\/[a-z0-9._/-]+:[\w][\w.-]*$/.test(reference)) {
    throw new Error(`"${reference}" is not a full image name: give one like "registry.example/models/encoder:1".`);
  }
}

async function writeArchive(archive: string, files: ModelImage["files"], reference: string): Promise<void> {
  const work = `${archive}-work`;
  const [tree, layout] = [join(work, "tree"), join(work, "layout")];
  try {
    await linkFiles(tree, files);
    await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
    await writeLayout(layout, tree, reference);
    await runProgram("tar", ["--create", ...reproducible, "--directory", layout, "--file", archive, "."]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function linkFiles(tree: string, files: ModelImage["files"]): Promise<void> {
  for (const [path, source] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await symlink(resolve(source), join(tree, path));
  }
}

/** https://github.com/opencontainers/image-spec, image-layout.md */
async function writeLayout(layout: string, tree: string, reference: string): Promise<void> {
  const layerFile = join(layout, "layer");
  const readable = ["--dereference", "--hard-dereference", "--mode=u=rwX,go=rX"];
  await runProgram("tar", ["--create", ...reproducible, ...readable, "--directory", tree, "--file", layerFile, "."]);
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", ...(await digestOfFile(layerFile)) };
  await rename(layerFile, blobPath(layout, layer.digest));

  const config = await writeBlob(layout, "application/vnd.oci.image.config.v1+json", {
    architecture: architectures[process.arch] ?? process.arch,
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await writeBlob(layout, mediaType, { schemaVersion: 2, mediaType, config, layers: [layer] });
  const annotations = { "org.opencontainers.image.ref.name": reference, "io.containerd.image.name": reference };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  await writeFile(join(layout, "index.json"), JSON.stringify(index));
  await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function writeBlob(layout: string, mediaType: string, content: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await writeFile(blobPath(layout, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

const blobPath = (layout: string, digest: string): string => join(layout, "blobs", ...digest.split(":"));

async function digestOfFile(path: string): Promise<{ readonly digest: string; readonly size: number }> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { digest: `sha256:${hash.digest("hex")}`, size: (await stat(path)).size };
}
