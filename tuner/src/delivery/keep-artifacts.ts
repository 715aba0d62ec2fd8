import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { sha256, type TuningReport } from "@sweetspot/crds";
import { ArtifactError, fileDigest, putArtifact } from "@sweetspot/sidecar";

/** What an artifact store has now of a tuning. */
export interface KeptArtifacts {
  /** Names of the variants whose model file is there. */
  readonly variants: readonly string[];
  /** `sha256:` digest of the gzipped `TuningReport`. */
  readonly report: string;
  /** Why something is missing there, in words that go into a sentence; null when nothing is. */
  readonly problem: string | null;
}

/**
 * Puts the report and the model files that the tuning made into an artifact store, a folder. The report comes first, because it is small,
 * then the winner, because it is served. It ends at the first that cannot be put there, and never throws for the store's sake.
 *
 * @param directory the folder with the results, to which the plan's model file is relative.
 */
export async function keepArtifacts(report: TuningReport, directory: string, store: string): Promise<KeptArtifacts> {
  // The very bytes that travel in a Job's log, so that both have one name.
  const gzip = gzipSync(JSON.stringify(report), { level: 9 });
  const name = sha256(gzip);
  const variants: string[] = [];
  try {
    await putArtifact(store, name, () => Readable.from([gzip]));
    for (const { variant, digest, file } of await madeVariants(report, directory)) {
      await putArtifact(store, digest, () => createReadStream(file));
      variants.push(variant);
    }
    return { variants, report: name, problem: null };
  } catch (error) {
    if (error instanceof ArtifactError) return { variants, report: name, problem: error.message };
    throw error;
  }
}

interface MadeVariant {
  readonly variant: string;
  readonly digest: string;
  readonly file: string;
}

/** The winner first. The source is where it came from and is not kept again. */
async function madeVariants({ decision, variants }: TuningReport, directory: string): Promise<MadeVariant[]> {
  const { artifact } = decision.plan;
  const source = variants.find(({ variant }) => variant === "Source")?.digest;
  const wanted = new Map<string, string>();
  for (const { variant, digest, state } of variants) {
    if (state === "Ready" && digest !== null && digest !== source) wanted.set(digest, variant);
  }
  const found = new Map<string, MadeVariant>();
  for (const file of [resolve(directory, artifact.file), ...(await modelFiles(join(directory, "variants")))]) {
    const digest = await fileDigest(file).catch(() => "");
    const variant = wanted.get(digest);
    if (variant !== undefined && !found.has(digest)) found.set(digest, { variant, digest, file });
  }
  return [...found.values()];
}

/** None where nothing was made. */
async function modelFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(".onnx")).map((name) => join(folder, name));
}
