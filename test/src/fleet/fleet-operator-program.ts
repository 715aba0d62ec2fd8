/**
 * An operator for one namespace as a process of its own, which tells its parent what it costs: `fleet-operator-program.ts KUBECONFIG
 * NAMESPACE`. Each message of the parent is answered with `OperatorCosts`.
 */

import { readFileSync } from "node:fs";
import { httpTransport, kubeconfigConnection } from "@sweetspot/operator";
import { Registry } from "prom-client";
import { OperatorProcess } from "../integration/operator-process.ts";
import type { OperatorCosts } from "./operator-costs.ts";

const [file = "", namespace = ""] = process.argv.slice(2);
const registry = new Registry();
const transport = httpTransport(await kubeconfigConnection({ file }));
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
