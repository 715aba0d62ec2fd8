import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ClusterError } from "../cluster-error.ts";
import { waitUntil } from "../control-plane/readiness.ts";
import { writeImageArchive } from "../images/image-archive.ts";
import { tryRun } from "../process/run.ts";
import { hostPath } from "./control-plane.ts";
import { processEnvironment } from "./namespaces.ts";
import { nodePaths, pauseImage } from "./node-config.ts";
import { type ClusterRecord, clusterFolder, type NodeRecord } from "./record.ts";

/** A containerd that can be asked: its socket on the host, and ctr with the environment that it runs in. */
export interface Runtime {
  readonly socket: string;
  readonly ctr: string;
  readonly env: NodeJS.ProcessEnv;
}

const ctr = ({ ctr, socket, env }: Runtime, ...args: string[]) =>
  tryRun([ctr, "--address", socket, "--namespace", "k8s.io", ...args], { env });

const runtimeOf = (record: ClusterRecord, node: NodeRecord): Runtime => ({
  socket: hostPath(record.name, node, nodePaths.containerdSocket),
  ctr: record.binaries.ctr,
  env: processEnvironment(record),
});

/** Asks until containerd answers; false when the time is over. */
export const runtimeAnswers = (runtime: Runtime): Promise<boolean> =>
  waitUntil(async () => existsSync(runtime.socket) && (await ctr(runtime, "version")).code === 0, {
    milliseconds: 30_000,
  });

/** Waits until the container runtime of a node answers. */
export async function waitForRuntime(record: ClusterRecord, node: NodeRecord): Promise<void> {
  if (await runtimeAnswers(runtimeOf(record, node))) return;
  throw new ClusterError(
    `containerd on ${node.name} does not answer. Its log is in ${clusterFolder(record.name)}/logs.`,
  );
}

/** Loads the images of an archive. `where` is for the message. Throws `ClusterError` when it holds none that fits. */
export async function importImages(runtime: Runtime, archive: string, where: string): Promise<void> {
  const file = resolve(archive);
  if (!existsSync(file)) throw new ClusterError(`There is no file ${file}.`);
  const result = await ctr(runtime, "images", "import", "--local", file);
  if (result.code === 0) return;
  throw new ClusterError(`${file} could not be loaded ${where}: ${result.stderr.trim()}`);
}

/** As `importImages`, on one node. */
export const loadOnNode = (record: ClusterRecord, node: NodeRecord, archive: string): Promise<void> =>
  importImages(runtimeOf(record, node), archive, `on ${node.name}`);

/** Loads the image of pods' sandboxes. */
export async function loadPause(record: ClusterRecord): Promise<void> {
  const content = readFileSync(record.binaries.pause);
  const archive = join(clusterFolder(record.name), "pause.tar");
  const files = [{ name: "pause", content, mode: 0o755 }];
  writeImageArchive(archive, { reference: pauseImage, files, entrypoint: ["/pause"], user: "65535:65535" });
  await Promise.all(record.nodes.map((node) => loadOnNode(record, node, archive)));
}
