import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { binariesAreThere } from "../binaries/binaries.ts";
import { controlPlaneBinaries } from "../binaries/catalogue.ts";
import { isRunning, type ProcessIdentity, waitForEnd } from "../process/identity.ts";
import { startApiServer } from "./api-server.ts";

// Building takes many minutes; the cluster's own set-up does it before the tests.
const there = await binariesAreThere(controlPlaneBinaries);
const reader = { name: "reader", groups: [] };

test.skipIf(!there)(
  "keeps objects over a restart of the server, with RBAC and an audit log",
  async () => {
    await using server = await startApiServer({ users: [reader], audit: true });
    const { kubectl } = server;
    await kubectl("create", "configmap", "kept", "--from-literal=key=value");
    await server.stopServer();
    expect((await kubectl.attempt("get", "configmap", "kept")).code).not.toBe(0);
    await server.startServer();
    const kept = await kubectl.json<{ data: Record<string, string> }>("get", "configmap", "kept");
    expect(kept.data).toEqual({ key: "value" });

    const refused = await kubectl.attempt("--kubeconfig", server.kubeconfigOf("reader"), "get", "configmaps");
    expect(refused.stderr).toContain('User "reader" cannot list resource "configmaps"');
    const created = server.auditLog().filter((event) => event.verb === "create" && event.objectRef?.name === "kept");
    expect(created.map((event) => event.user.username)).toEqual(["admin"]);
    expect(await kubectl("version")).toMatch(/Server Version: v1\.\d+\.\d+/);
  },
  90_000,
);

test.skipIf(!there)(
  "does not outlive a process that is killed",
  async () => {
    const module = JSON.stringify(fileURLToPath(new URL("./api-server.ts", import.meta.url)));
    const program = `
    const { startApiServer } = await import(${module});
    const { childrenOf } = await import(${JSON.stringify(fileURLToPath(new URL("../process/identity.ts", import.meta.url)))});
    const server = await startApiServer();
    console.log(JSON.stringify({ kubeconfig: server.kubeconfig, children: childrenOf(process.pid) }));
    setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const { children, kubeconfig } = JSON.parse(line.toString()) as { children: ProcessIdentity[]; kubeconfig: string };
    expect(children).toHaveLength(2);
    expect(children.every(isRunning)).toBe(true);
    expect(existsSync(kubeconfig)).toBe(true);
    owner.kill("SIGKILL");
    for (const child of children) expect(await waitForEnd(child, 5000)).toBe(true);
    // Nobody was left to remove its files.
    rmSync(dirname(kubeconfig), { recursive: true });
  },
  90_000,
);

test.skipIf(!there)(
  "removes its files and processes when it is stopped",
  async () => {
    const server = await startApiServer();
    await server.stop();
    expect(existsSync(server.kubeconfig)).toBe(false);
    expect((await server.kubectl.attempt("get", "namespaces")).code).not.toBe(0);
  },
  90_000,
);
