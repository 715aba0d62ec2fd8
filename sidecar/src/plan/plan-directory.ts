import { createHash } from "node:crypto";
import { readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { PlanError } from "./plan-error.ts";

/** What a plan directory holds at one moment. */
export interface PlanDirectoryContent {
  /** The plan for this very server; null where there is none. */
  readonly selected: string | null;
  /** The plan that new servers start with; null where there is none. */
  readonly active: string | null;
  /** The plan on trial beside the one that serves, a `PlanTrial`; null where there is none. */
  readonly trial: string | null;
  /** Changes with the contents of all files that a plan depends on, and with nothing else. */
  readonly identity: string;
  /** The same for the trial. */
  readonly trialIdentity: string;
}

const planFiles = ["selected", "active", "recipe"] as const;
const trialFiles = ["trial", "trial-recipe"] as const;
/** Files that matter. Whatever else lies there, such as a nonce, is not looked at. */
const watched = [...planFiles, ...trialFiles] as const;
/** What a kubelet swaps: a symbolic link to the folder that holds the files of one version. */
const swappedLink = "..data";
const mostAttempts = 5;

/**
 * Reads the directory so that all files are of the same version, however the kubelet swaps them meanwhile.
 * Throws `PlanError` where the directory cannot be read.
 */
export async function readPlanDirectory(directory: string): Promise<PlanDirectoryContent> {
  for (let attempt = 1; ; attempt += 1) {
    const version = await versionOf(directory);
    const files = await Promise.all(watched.map((name) => contentOf(join(version, name))));
    // The old folder is removed after a swap: files that seem to be missing may only have moved on.
    if (version === (await versionOf(directory)) || attempt === mostAttempts) return contentFrom(files);
  }
}

/** A few hundred bytes that change when the directory may have changed; reading it costs one or four system calls. */
export async function directoryStamp(directory: string): Promise<string> {
  const target = await linkTarget(directory);
  if (target !== null) return target;
  const stamps = await Promise.all(watched.map((name) => fileStamp(join(directory, name))));
  return stamps.join(" ");
}

async function versionOf(directory: string): Promise<string> {
  const target = await linkTarget(directory);
  if (target !== null) return join(directory, target);
  await stat(directory).catch((cause: unknown) => {
    throw new PlanError("The plan directory cannot be read; check that it exists and is mounted.", { cause });
  });
  return directory;
}

const linkTarget = (directory: string): Promise<string | null> =>
  readlink(join(directory, swappedLink)).catch(() => null);

async function fileStamp(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => null);
  return found === null ? "-" : `${found.ino}:${found.size}:${found.mtimeNs}`;
}

const contentOf = (file: string): Promise<Buffer | null> => readFile(file).catch(() => null);

function contentFrom(files: readonly (Buffer | null)[]): PlanDirectoryContent {
  const [selected, active, , trial] = files;
  return {
    selected: textOf(selected),
    active: textOf(active),
    trial: textOf(trial),
    identity: identityOf(files.slice(0, planFiles.length)),
    trialIdentity: identityOf(files.slice(planFiles.length)),
  };
}

function identityOf(files: readonly (Buffer | null)[]): string {
  const hash = createHash("sha256");
  for (const content of files) hash.update(`${content?.length ?? "-"}\n`).update(content ?? "");
  return hash.digest("hex");
}

/** The downward API leaves an empty file where a pod has no such annotation. */
function textOf(content: Buffer | null | undefined): string | null {
  const text = content?.toString("utf8").trim() ?? "";
  return text === "" ? null : text;
}
