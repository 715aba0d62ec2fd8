import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { type TarEntry, tar } from "./tar.ts";

/** An image of one layer, made from files that we have: no base, no package manager. */
export interface ImageContent {
  /** Full name with a tag, such as `sweetspot.test/probe:1`. */
  readonly reference: string;
  readonly files: readonly TarEntry[];
  readonly entrypoint?: readonly string[];
  /** `uid:gid`; the image's user matters to Pod Security's `runAsNonRoot`. */
  readonly user?: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * The bytes of an image as an archive in the OCI image layout, for this machine's architecture
 * (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).
 */
export function imageArchive(image: ImageContent, architecture: string = process.arch): Buffer {
  const blobs: TarEntry[] = [];
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const hex = createHash("sha256").update(content).digest("hex");
    blobs.push({ name: `blobs/sha256/${hex}`, content });
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const addJson = (mediaType: string, value: object) => add(mediaType, Buffer.from(JSON.stringify(value)));

  const layer = add("application/vnd.oci.image.layer.v1.tar", tar(image.files));
  const config = addJson("application/vnd.oci.image.config.v1+json", {
    architecture: architectures[architecture] ?? architecture,
    os: "linux",
    config: { Entrypoint: image.entrypoint, User: image.user },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = addJson(mediaType, { schemaVersion: 2, mediaType, config, layers: [layer] });
  // containerd takes the full name from its own annotation, other tools from the one of the specification.
  const annotations = {
    "io.containerd.image.name": image.reference,
    "org.opencontainers.image.ref.name": image.reference,
  };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  return tar([
    { name: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: "index.json", content: Buffer.from(JSON.stringify(index)) },
    ...blobs,
  ]);
}

/** Writes `imageArchive` to a file that `load` takes. */
export const writeImageArchive = (file: string, image: ImageContent): void => writeFileSync(file, imageArchive(image));
