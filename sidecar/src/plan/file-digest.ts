import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { PlanError } from "./plan-error.ts";

interface Known {
  readonly stamp: string;
  readonly digest: string;
}

const most = 64;
/** Time stamps are no finer than a few milliseconds: what changed just now may change again without a trace. */
const settledMilliseconds = 1000;
const known = new Map<string, Known>();

/**
 * As `fileDigest`, which is asked only when the file changed since: a plan of another policy must not cost reading a model of
 * gigabytes. Throws `PlanError`.
 */
export async function knownDigest(file: string): Promise<string> {
  const stamp = await stampOf(file);
  const before = known.get(file);
  if (stamp !== null && before?.stamp === stamp) return before.digest;
  const digest = await fileDigest(file);
  known.delete(file);
  if (stamp !== null && stamp === (await stampOf(file))) known.set(file, { stamp, digest });
  if (known.size > most) known.delete(known.keys().next().value as string);
  return digest;
}

/** Changes whenever the file's content may have; the time of the last change of its inode cannot be set by programs. Null where it must not be trusted. */
async function stampOf(file: string): Promise<string | null> {
  const found = await stat(file, { bigint: true }).catch(() => null);
  if (found === null || Date.now() - Number(found.ctimeMs) < settledMilliseconds) return null;
  return `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}

/** `sha256:` digest of a file of any size, read as a stream. Throws `PlanError`. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), hash);
  } catch (cause) {
    throw new PlanError("The plan's model file cannot be read; check that it is where the plan says.", { cause });
  }
  return `sha256:${hash.digest("hex")}`;
}
