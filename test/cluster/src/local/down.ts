import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../cluster-error.ts";
import { isRunning, type ProcessIdentity, processesWithEnvironment, signal } from "../process/identity.ts";
import { lockFile } from "../process/lock.ts";
import { removeCgroup } from "./cgroups.ts";
import { disconnect } from "./network.ts";
import { bootId, type ClusterRecord, checkName, clusterFolder, marker, readRecord, stateRoot } from "./record.ts";

const endMilliseconds = 30_000;

/** The lock under which a cluster is made or removed. */
export const clusterLock = (name: string): Promise<AsyncDisposable> =>
  lockFile(join(stateRoot(), "locks", name), { wait: false });

/**
 * Removes a cluster, complete or half-made: processes, namespaces, interface, cgroups, files. Returns whether there was
 * anything. Throws `ClusterError` while another command makes or removes it.
 */
export async function removeCluster(name: string): Promise<boolean> {
  checkName(name);
  await using _lock = await clusterLock(name);
  return await removeLocked(name);
}

/** As `removeCluster`; the caller holds the lock. */
export async function removeLocked(name: string): Promise<boolean> {
  const record = readRecord(name);
  if (record !== null) await dismantle(record);
  // A folder without a record is from a crash before anything else was made.
  rmSync(clusterFolder(name), { recursive: true, force: true });
  return record !== null;
}

async function dismantle(record: ClusterRecord): Promise<void> {
  if (record.bootId === bootId()) {
    await endProcesses(record);
    await disconnect(record);
  }
  for (const node of record.nodes) await removeCgroup(node.cgroup);
}

/** The processes that hold a node take everything in it with them; the mark finds what is outside or not recorded. */
function processesOf(record: ClusterRecord): ProcessIdentity[] {
  const holders = record.nodes.flatMap((node) => [node.holder, node.init]).filter((identity) => identity !== null);
  return [...holders, ...processesWithEnvironment(marker(record))].filter(isRunning);
}

async function endProcesses(record: ClusterRecord): Promise<void> {
  const end = performance.now() + endMilliseconds;
  for (let left = processesOf(record); left.length > 0; left = processesOf(record)) {
    for (const identity of left) signal(identity, "SIGKILL");
    if (performance.now() > end) {
      const pids = left.map(({ pid }) => pid).join(", ");
      throw new ClusterError(`Processes ${pids} of cluster ${record.name} do not end. Run down again later.`);
    }
    await sleep(50);
  }
}
