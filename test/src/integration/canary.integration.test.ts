import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceDeployment } from "@sweetspot/crds";
import { changed, minimal } from "@sweetspot/crds/testing";
import { httpTransport, kubeconfigConnection, type Transport } from "@sweetspot/operator";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ApiServer, binariesAreThere, controlPlaneBinaries, startApiServer } from "../../cluster/src/index.ts";
import { OperatorProcess } from "./operator-process.ts";
import { StandIn } from "./stand-in.ts";

const manifests = join(import.meta.dirname, "..", "..", "..", "charts", "sweetspot", "files", "crds");
const namespace = "canary";
const canary = "canary-4f1c9e";
const operatorUser = { name: "operator", groups: ["system:masters"] };

const there = await binariesAreThere(controlPlaneBinaries);

describe.skipIf(!there)("the strings in Secrets", () => {
  let server: ApiServer;
  let transport: Transport;
  let standIn: StandIn;
  let operator: OperatorProcess;
  const registry = new Registry();
  const log: string[] = [];
  const write = (...parts: unknown[]) => {
    log.push(JSON.stringify(parts, (_, value) => (value instanceof Error ? `${value.stack}` : value)));
  };

  beforeAll(async () => {
    server = await startApiServer({ users: [operatorUser], audit: true });
    for (const file of readdirSync(manifests)) await server.kubectl.apply(readFileSync(join(manifests, file), "utf8"));
    await server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
    await server.kubectl("create", "namespace", namespace);
    const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "token", "password"];
    await server.kubectl.apply({
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "minio", namespace } },
      stringData: Object.fromEntries(keys.map((key) => [key, `${canary}-of-${key}`])),
    });
    const connection = await kubeconfigConnection({ file: server.kubeconfigOf(operatorUser.name) });
    transport = httpTransport(connection);
    standIn = new StandIn(httpTransport(await kubeconfigConnection({ file: server.kubeconfig })));
    standIn.start();
    await vi.waitFor(() => server.kubectl.apply(deployment), { timeout: 20_000, interval: 200 });
    const logger = { debug: write, info: write, warn: write, error: write };
    operator = new OperatorProcess(transport, { namespace, logger, registry });
    operator.ended.catch(() => undefined);
  }, 120_000);

  afterAll(async () => {
    await operator?.stop().catch(() => undefined);
    await standIn?.stop();
    await transport?.close();
    await server?.stop();
  });

  const model = { uri: "s3://models/ocr", credentialsSecret: "minio", s3: { endpoint: "https://minio.example.com" } };
  const deployment = changed(minimal.InferenceDeployment, { "metadata.namespace": namespace, "spec.model": model });

  it("are in nothing that the operator writes, logs or exports, and it asks for no Secret", async () => {
    await vi.waitFor(
      async () => {
        const { status } = InferenceDeployment.parse(await server.kubectl.json("get", "infd", "ocr", "-n", namespace));
        expect(status?.targets?.[0]?.appliedReplicas).toBe(1);
      },
      { timeout: 60_000, interval: 200 },
    );
    const kinds = "infd,tune,deployments,jobs,pods,configmaps,services,serviceaccounts,pdb,events";
    const objects = JSON.stringify(await server.kubectl.json("get", kinds, "-n", namespace));
    const told = [objects, ...log, await registry.metrics()];
    // What would be found if it were there: the name of the Secret is, where it is mounted.
    expect(objects).toContain('"secretName":"minio"');
    expect(told.join("\n")).toContain("sweetspot_operator_api_requests_total");
    for (const text of told) expect(text.includes(canary) || text.includes(base64(canary))).toBe(false);
    const asked = server.auditLog().filter(({ user }) => user.username === operatorUser.name);
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter(({ objectRef }) => objectRef?.resource === "secrets")).toEqual([]);
  }, 90_000);
});

/** As it begins when it is encoded; what follows depends on what follows. */
const base64 = (text: string): string => Buffer.from(text).toString("base64").slice(0, 16);
