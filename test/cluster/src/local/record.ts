import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Binaries } from "../binaries/binaries.ts";
import { ClusterError } from "../cluster-error.ts";
import type { ProcessIdentity } from "../process/identity.ts";
import type { NodePlan } from "./plan.ts";

/** A node and the processes that hold its namespaces. */
export interface NodeRecord extends NodePlan {
  /** `unshare`, whose end the kernel turns into the end of everything in the node. */
  readonly holder: ProcessIdentity | null;
  /** The first process of the node's PID namespace. */
  readonly init: ProcessIdentity | null;
}

/**
 * What a cluster consists of, written before each part is made, so that `down` finds all of it after a crash at any
 * point. Processes are also found by `SWEETSPOT_CLUSTER_ID=id` in their environment.
 */
export interface ClusterRecord {
  readonly name: string;
  readonly id: string;
  /** `/proc/sys/kernel/random/boot_id`: ids of processes mean nothing after a restart of the machine. */
  readonly bootId: string;
  readonly phase: "starting" | "ready";
  readonly octet: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly binaries: Binaries;
  /** Archives whose images all nodes had from the beginning. */
  readonly images: readonly string[];
  readonly nodes: readonly NodeRecord[];
  /** By `COMPONENT@NODE`: the process that entered the node's namespaces and is the component's parent. */
  readonly components: Readonly<Record<string, ProcessIdentity>>;
}

/** Folder with one folder per cluster: `SWEETSPOT_CLUSTER_STATE`, or `$XDG_STATE_HOME` or `~/.local/state`. */
export function stateRoot(env: NodeJS.ProcessEnv = process.env): string {
  const base = env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  return env["SWEETSPOT_CLUSTER_STATE"] || join(base, "sweetspot", "clusters");
}

export const clusterFolder = (name: string): string => join(stateRoot(), name);
export const controlPlaneFolder = (name: string): string => join(clusterFolder(name), "control-plane");
const recordFile = (name: string): string => join(clusterFolder(name), "cluster.json");

export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
export const newClusterId = (): string => randomBytes(16).toString("hex");

/** The entry in the environment of every process of a cluster. */
export const marker = (record: Pick<ClusterRecord, "id">): string => `SWEETSPOT_CLUSTER_ID=${record.id}`;

/** Throws `ClusterError` for a name that cannot be a folder, a cgroup and part of a host name. */
export function checkName(name: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/.test(name)) return;
  throw new ClusterError(`"${name}" cannot name a cluster. Use 1 to 20 lower-case letters, digits and inner dashes.`);
}

/** Names of all clusters that have left something, complete or not. */
export function clusterNames(): string[] {
  if (!existsSync(stateRoot())) return [];
  const entries = readdirSync(stateRoot(), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && entry.name !== "locks").map((entry) => entry.name);
}

/** The record of a cluster; null when there is none. Another command may be taking the cluster down at this moment. */
export function readRecord(name: string): ClusterRecord | null {
  try {
    return JSON.parse(readFileSync(recordFile(name), "utf8")) as ClusterRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Writes a record as a whole: a crash leaves the old or the new one. */
export function writeRecord(record: ClusterRecord): void {
  mkdirSync(clusterFolder(record.name), { recursive: true, mode: 0o700 });
  const file = recordFile(record.name);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Reads, changes and writes the record. Throws `ClusterError` when the cluster is gone. */
export function updateRecord(name: string, change: (record: ClusterRecord) => Partial<ClusterRecord>): ClusterRecord {
  const record = existingRecord(name);
  const next = { ...record, ...change(record) };
  writeRecord(next);
  return next;
}

/** As `readRecord`. Throws `ClusterError` when there is none. */
export function existingRecord(name: string): ClusterRecord {
  const record = readRecord(name);
  if (record !== null) return record;
  throw new ClusterError(`There is no cluster "${name}". Start it with: npm run cluster -- up --name ${name}`);
}
