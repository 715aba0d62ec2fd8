import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Binaries, binariesAreThere, ensureBinaries } from "../binaries/binaries.ts";
import { cacheRoot } from "../binaries/cache.ts";
import { allBinaries } from "../binaries/catalogue.ts";
import { ClusterError } from "../cluster-error.ts";
import { lockFile } from "../process/lock.ts";
import { run } from "../process/run.ts";
import { startTiedChild } from "../process/tied-child.ts";
import { importImages, runtimeAnswers } from "./images.ts";
import { containerdConfig, nodePaths } from "./node-config.ts";
import { obstacles } from "./requirements.ts";

/** What containerd keeps of images: their layers, those unpacked, and what it knows of them. */
const parts = [
  "io.containerd.content.v1.content",
  "io.containerd.metadata.v1.bolt",
  "io.containerd.snapshotter.v1.overlayfs",
];
/** Written in place by each containerd, unlike all else. */
const databases = "*/{meta,metadata}.db";

/** Those of the tests on clusters, and of one other use. Each is as large as its images are. */
const storesKept = 2;
const storesFolder = (): string => join(cacheRoot(), "image-stores");

/** Changes with every archive that is written anew. */
function storeName(archives: readonly string[]): string {
  const hash = createHash("sha256");
  for (const archive of archives.map((file) => resolve(file)).sort()) {
    const { size, mtimeMs } = statSync(archive);
    hash.update(`${archive}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Puts the images of `archives` into containerd's folder of nodes that have not started it yet. They are loaded once, into a store
 * in the cache, and its files are linked into each folder: containerd never writes to them, and pods write to layers of their
 * own. Throws `ClusterError` when containerd does not take an archive.
 */
export async function linkImages(
  archives: readonly string[],
  folders: readonly string[],
  binaries: Binaries,
): Promise<void> {
  if (archives.length === 0) return;
  const missing = archives.find((archive) => !existsSync(archive));
  if (missing !== undefined) throw new ClusterError(`There is no file ${resolve(missing)}.`);
  const stores = storesFolder();
  const store = join(stores, storeName(archives));
  await using _lock = await lockFile(join(stores, ".lock"));
  if (!existsSync(store)) {
    clear(stores);
    await makeStore(store, archives, binaries);
  }
  for (const folder of folders) await link(store, folder);
}

/** Leaves the newest stores, and nothing of those that were never finished. */
function clear(stores: string): void {
  const ages = globSync(join(stores, "*")).map((path) => ({ path, madeAt: statSync(path).mtimeMs }));
  const finished = ages.filter(({ path }) => !basename(path).startsWith("new-"));
  const kept = new Set(finished.sort((a, b) => b.madeAt - a.madeAt).slice(0, storesKept - 1));
  for (const age of ages) if (!kept.has(age)) rmSync(age.path, { recursive: true });
}

/** Makes the store for `archives` before a cluster waits for it. Does nothing where no cluster can be made. */
export async function prepareImages(archives: readonly string[]): Promise<void> {
  if (obstacles().length > 0 || !(await binariesAreThere(allBinaries))) return;
  await linkImages(archives, [], await ensureBinaries(allBinaries));
}

async function makeStore(store: string, archives: readonly string[], binaries: Binaries): Promise<void> {
  const place = mkdtempSync(join(dirname(store), "new-"));
  const config = join(place, nodePaths.containerdConfig);
  mkdirSync(dirname(config), { recursive: true });
  mkdirSync(join(place, "var-lib"));
  writeFileSync(config, containerdConfig([], false));
  const script = `mount --bind "$0/run" /run && mount --bind "$0/var-lib" /var/lib && exec "$@"`;
  const command = [binaries.containerd, `--config=${nodePaths.containerdConfig}`];
  const log = join(place, "containerd.log");
  const containerd = startTiedChild(
    ["unshare", "--mount", "--propagation=slave", "sh", "-c", script, place, ...command],
    log,
  );
  const runtime = { socket: join(place, nodePaths.containerdSocket), ctr: binaries.ctr, env: process.env };
  try {
    if (!(await runtimeAnswers(runtime))) throw new ClusterError(`containerd does not answer. Its log is ${log}.`);
    for (const archive of archives) await importImages(runtime, archive, "for the nodes of clusters");
  } finally {
    await containerd.stop();
  }
  const made = join(place, "var-lib", "containerd");
  for (const other of readdirSync(made)) {
    if (!parts.includes(other)) rmSync(join(made, other), { recursive: true });
  }
  renameSync(made, store);
  rmSync(place, { recursive: true });
}

/** Hard links where both are on one file system, else copies. */
async function link(store: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const sameDisk = statSync(store).dev === statSync(folder).dev;
  await run(["cp", sameDisk ? "-al" : "-a", `${store}/.`, folder]);
  for (const database of globSync(databases, { cwd: store })) {
    rmSync(join(folder, database));
    copyFileSync(join(store, database), join(folder, database));
  }
}
