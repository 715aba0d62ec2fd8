import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileDigest } from "../plan/file-digest.ts";

/**
 * An artifact store is a folder that machines share. What it holds is called by what it is: `sha256/` and the 64 digits of its SHA-256. So
 * nothing in it is ever changed, writers cannot get in each other's way, and a reader needs to trust nobody who can write there.
 */
const placeOf = (store: string, digest: string): string => join(store, "sha256", digest.slice("sha256:".length));

/** Why something was not taken from a store, or not put there, in words that go into a sentence. */
export class ArtifactError extends Error {
  override readonly name = "ArtifactError";
}

/**
 * Puts bytes with this digest into the store, which is made where it does not exist; what is there already and whole stays. It appears
 * whole or not at all. `content` is called only where it is needed. Throws `ArtifactError`.
 */
export async function putArtifact(store: string, digest: string, content: () => Readable): Promise<void> {
  const place = placeOf(store, digest);
  try {
    if ((await fileDigest(place).catch(() => null)) === digest) return;
    await mkdir(dirname(place), { recursive: true });
    await copyChecked(content(), place, digest);
  } catch (error) {
    throw asArtifactError(error);
  }
}

/**
 * Copies what has this digest out of the store. The digest is that of the bytes that were written to `file`, so it does not matter who
 * changes the store meanwhile. Throws `ArtifactError`, and `file` is then as it was.
 */
export async function takeArtifact(store: string, digest: string, file: string): Promise<void> {
  const place = placeOf(store, digest);
  try {
    // A pipe in its place would be read for ever.
    if (!(await stat(place)).isFile()) throw new ArtifactError("it is no file there");
    await mkdir(dirname(file), { recursive: true });
    await copyChecked(createReadStream(place), file, digest);
  } catch (error) {
    throw asArtifactError(error);
  }
}

async function copyChecked(content: Readable, file: string, digest: string): Promise<void> {
  const aside = join(dirname(file), `.${basename(file)}.part-${randomUUID()}`);
  const hash = createHash("sha256");
  try {
    await pipeline(
      content,
      async function* (pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          hash.update(piece);
          yield piece;
        }
      },
      createWriteStream(aside, { flags: "wx", mode: 0o644 }),
    );
    const found = `sha256:${hash.digest("hex")}`;
    if (found !== digest) throw new ArtifactError(`it has the digest ${found}`);
    await flush(aside);
    await rename(aside, file);
  } finally {
    await rm(aside, { force: true }).catch(() => undefined);
  }
}

/** A network volume may take bytes and lose them: what has its name is on the disk. */
async function flush(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the folder is read-only",
  EACCES: "permission was denied",
  EPERM: "permission was denied",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "a part of the path is a file",
};

function asArtifactError(error: unknown): ArtifactError {
  if (error instanceof ArtifactError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new ArtifactError(reasons[code ?? ""] ?? code ?? message, { cause: error });
}
