import { createHash } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname, join } from "node:path";
import { FetchError, shown } from "./fetch-error.ts";
import { asFetchError } from "./open-url.ts";
import { type RequestOptions, requestFile } from "./request-file.ts";
import type { SourceFile } from "./source-files.ts";

export interface FetchOptions extends RequestOptions {
  readonly files: readonly SourceFile[];
  /** Folder that the files are put into, under their paths. */
  readonly directory: string;
  /** SHA-256 that one of the files must have. */
  readonly expected: { readonly path: string; readonly digest: string } | null;
  /** Most bytes of all files together. */
  readonly maximumBytes: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly fetched?: (file: SourceFile, bytes: number) => void;
}

/** Waits before the second and later tries, milliseconds. */
const pauses = [1000, 2000, 4000];

/**
 * Fetches the files of a source. A file has its name only when it is whole, and has the digest that it must have. Throws
 * `FetchError`; a server that is away for a moment is asked again.
 */
export async function fetchModel(options: FetchOptions): Promise<void> {
  let left = options.maximumBytes;
  for (const file of options.files) {
    const bytes = await persistently(() => fetchFile(file, left, options), options.sleep);
    left -= bytes;
    options.fetched?.(file, bytes);
  }
}

async function persistently<T>(attempt: () => Promise<T>, sleep: FetchOptions["sleep"]): Promise<T> {
  for (const pause of pauses) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof FetchError && error.transient)) throw error;
      await sleep(pause);
    }
  }
  return await attempt();
}

async function fetchFile(file: SourceFile, most: number, options: FetchOptions): Promise<number> {
  const answer = await requestFile(file, options);
  const path = join(options.directory, file.path);
  const temporary = `${path}.part`;
  try {
    const announced = Number(answer.headers["content-length"] ?? Number.NaN);
    if (announced > most) throw tooLarge(file, options);
    await mkdir(dirname(path), { recursive: true });
    const { bytes, digest } = await write(answer, temporary, file, { most, options });
    if (bytes < announced) throw new FetchError(`${shown(file.url)} ended after ${bytes} of ${announced} bytes.`, true);
    checkDigest(file, digest, options);
    await rename(temporary, path);
    return bytes;
  } catch (error) {
    await rm(temporary, { force: true });
    throw asFetchError(file.url, error);
  } finally {
    answer.destroy();
  }
}

async function write(
  answer: IncomingMessage,
  path: string,
  file: SourceFile,
  { most, options }: { readonly most: number; readonly options: FetchOptions },
): Promise<{ bytes: number; digest: string }> {
  const hash = createHash("sha256");
  const handle = await open(path, "w", 0o644);
  let bytes = 0;
  answer.setTimeout(options.idleMilliseconds, () =>
    answer.destroy(new FetchError(`${shown(file.url)} sends nothing for ${options.idleMilliseconds / 1000} s.`, true)),
  );
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > most) throw tooLarge(file, options);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
  } finally {
    await handle.close();
  }
  return { bytes, digest: `sha256:${hash.digest("hex")}` };
}

const tooLarge = ({ url }: SourceFile, { maximumBytes }: FetchOptions): FetchError =>
  new FetchError(
    `${shown(url)} is too large: all files together may have ${maximumBytes} bytes (modelSources.maximumBytes).`,
  );

/** The words are those with which the server itself refuses a file. */
function checkDigest({ path }: SourceFile, digest: string, { expected }: FetchOptions): void {
  if (expected === null || expected.path !== path || expected.digest === digest) return;
  throw new FetchError(`The model file has digest ${digest}, not ${expected.digest}. Correct one of the two.`);
}
