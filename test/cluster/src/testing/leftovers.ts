import { existsSync, readFileSync } from "node:fs";
import { cgroupFolders } from "../local/cgroups.ts";
import { networkPlan } from "../local/plan.ts";
import { type ClusterRecord, clusterFolder, marker } from "../local/record.ts";
import { isRunning, processesWithEnvironment } from "../process/identity.ts";
import { run } from "../process/run.ts";

/** Everything on this host that still belongs to a cluster; empty after a clean `down`. */
export async function leftovers(record: ClusterRecord): Promise<string[]> {
  const folder = clusterFolder(record.name);
  const holders = record.nodes.flatMap((node) => [node.holder, node.init]).filter((identity) => identity !== null);
  const processes = [...holders.filter(isRunning), ...processesWithEnvironment(marker(record))];
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const { hostInterface, octet } = networkPlan(record.octet);
  const interfaces = (await run(["ip", "-oneline", "link"])).split("\n");
  const routes = (await run(["ip", "route"])).split("\n");
  return [
    ...processes.map(({ pid }) => `process ${pid}`),
    ...mounts.filter((line) => line.includes(`${folder}/`)).map((line) => `mount ${line}`),
    ...interfaces.filter((line) => line.includes(` ${hostInterface}@`)).map((line) => `interface ${line}`),
    ...routes.filter((line) => line.startsWith(`10.${octet}.`)).map((line) => `route ${line}`),
    ...record.nodes.flatMap((node) => cgroupFolders(node.cgroup)).map((path) => `cgroup ${path}`),
    ...(existsSync(folder) ? [`folder ${folder}`] : []),
  ];
}
