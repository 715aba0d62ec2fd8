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

const ctr = (record: ClusterRecord, node: NodeRecord, ...args: string[]) => {
  const socket = hostPath(record.name, node, nodePaths.containerdSocket);
  return tryRun([record.binaries.ctr, "--address", socket, "--namespace", "k8s.io", ...args], {
    env: processEnvironment(record),
  });
};

/** Waits until the container runtime of a node answers. */
export async function waitForRuntime(record: ClusterRecord, node: NodeRecord): Promise<void> {
  const answers = async () =>
    existsSync(hostPath(record.name, node, nodePaths.containerdSocket)) &&
    (await ctr(record, node, "version")).code === 0;
  if (await waitUntil(answers, { milliseconds: 30_000 })) return;
  throw new ClusterError(
    `containerd on ${node.name} does not answer. Its log is in ${clusterFolder(record.name)}/logs.`,
  );
}

/** Loads the images of an archive on one node. Throws `ClusterError` when it holds none that fits. */
export async function loadOnNode(record: ClusterRecord, node: NodeRecord, archive: string): Promise<void> {
  const file = resolve(archive);
  if (!existsSync(file)) throw new ClusterError(`There is no file ${file}.`);
  const result = await ctr(record, node, "images", "import", "--local", file);
  if (result.code === 0) return;
  throw new ClusterError(`${file} could not be loaded on ${node.name}: ${result.stderr.trim()}`);
}

/** Loads the image of pods' sandboxes. */
export async function loadPause(record: ClusterRecord): Promise<void> {
  const content = readFileSync(record.binaries.pause);
  const archive = join(clusterFolder(record.name), "pause.tar");
  const files = [{ name: "pause", content, mode: 0o755 }];
  writeImageArchive(archive, { reference: pauseImage, files, entrypoint: ["/pause"], user: "65535:65535" });
  await Promise.all(record.nodes.map((node) => loadOnNode(record, node, archive)));
}
