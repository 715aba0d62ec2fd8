/**
 * An operator for one namespace as a process of its own, which tells its parent what it costs: `fleet-operator-program.ts KUBECONFIG
 * NAMESPACE`. Each message of the parent is answered with `OperatorCosts`.
 */

import { readFileSync } from "node:fs";
import { type Connection, httpTransport } from "@sweetspot/operator";
import { Registry } from "prom-client";
import { OperatorProcess } from "../integration/operator-process.ts";
import type { OperatorCosts } from "./operator-costs.ts";

const [file = "", namespace = ""] = process.argv.slice(2);
const registry = new Registry();
const transport = httpTransport(connectionOf(file));
const lease = { namespace, name: "operator" };
const operator = new OperatorProcess(transport, { identity: "fleet", namespace, lease, registry });
operator.ended.catch(() => process.exit(1));

/** MiB, from the kernel. */
const memoryOf = (field: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;

process.on("message", async () => {
  const costs: OperatorCosts = {
    metrics: await registry.metrics(),
    residentMiB: memoryOf("VmRSS"),
    mostResidentMiB: memoryOf("VmHWM"),
    cpuSeconds: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  };
  process.send?.(costs);
});
process.once("disconnect", () => process.exit(0));

/** As a pod connects: the library that knows every kubeconfig takes 90 MB, which no operator in a pod pays. */
function connectionOf(kubeconfig: string): Connection {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, "utf8"));
  const { server, "certificate-authority-data": authority } = clusters[0].cluster;
  const headers = { authorization: `Bearer ${users[0].user.token}` };
  return { server, tls: { ca: Buffer.from(authority, "base64") }, headers: async () => headers };
}
