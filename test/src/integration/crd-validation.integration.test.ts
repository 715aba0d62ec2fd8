import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceDeployment, runResultOf, type SucceededResult, TuningRun } from "@sweetspot/crds";
import { type ApiCase, apiCases, changed, forbiddenChange, minimal, ruleCatalogue } from "@sweetspot/crds/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ApiServer, startApiServer } from "../../cluster/src/api-server/api-server.ts";
import { binariesAreThere } from "../../cluster/src/binaries/binaries.ts";
import { controlPlaneBinaries } from "../../cluster/src/binaries/catalogue.ts";
import { apiClient } from "./api-client.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const manifests = join(root, "charts", "sweetspot", "files", "crds");
const samples = join(root, "crds", "samples");
const plurals = { InferenceDeployment: "inferencedeployments", TuningRun: "tuningruns" } as const;
const kinds = ["InferenceDeployment", "TuningRun"] as const;
const folderOf = (kind: ApiCase["kind"]) => `/apis/sweetspot.dev/v1alpha1/namespaces/default/${plurals[kind]}`;
const rules = ruleCatalogue();
const messageOf = (rule: string): string => rules.get(rule)?.message ?? `a rule called ${rule}`;

/** Complaints about the object as a whole name `<nil>`, and the scale subresource begins its paths with a dot. */
const fieldOf = ({ field = "" }: { field?: string }): string => field.replace(/^(<nil>|\.)/, "");
const startingWith = (path: string): RegExp => new RegExp(`^${path.replaceAll(/[.[\]]/g, "\\$&")}`);

type Definition = {
  status: { conditions: { type: string; status: string }[] };
  spec: { versions: { schema: { openAPIV3Schema: object } }[] };
};

// Building the binaries takes many minutes; the cluster's own set-up does it before the tests.
const there = await binariesAreThere(controlPlaneBinaries);

describe.skipIf(!there)("the generated CRDs on a real API server", () => {
  let server: ApiServer;
  let call: ReturnType<typeof apiClient>;

  beforeAll(async () => {
    server = await startApiServer();
    call = apiClient(server.kubeconfig);
    for (const file of readdirSync(manifests)) await server.kubectl.apply(readFileSync(join(manifests, file), "utf8"));
    await server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
    // Established means accepted; the paths are served a moment later.
    const served = async () => expect((await call("GET", folderOf("TuningRun"))).code).toBe(200);
    await vi.waitFor(served, { timeout: 20_000, interval: 200 });
  }, 120_000);

  afterAll(async () => {
    await server.stop();
  });

  it.each(kinds)("%s is established and structural", async (kind) => {
    const { status } = await server.kubectl.json<Definition>("get", "crd", `${plurals[kind]}.sweetspot.dev`);
    expect(Object.fromEntries(status.conditions.map((condition) => [condition.type, condition.status]))).toEqual({
      Established: "True",
      NamesAccepted: "True",
    });
  });

  it("let whoever applied a map take its last entry out again", async () => {
    const withDevices = (devices?: object) =>
      changed(minimal.InferenceDeployment, {
        "metadata.name": "devices",
        "spec.targets.0.resources.devices": devices,
      });
    await server.kubectl.apply([withDevices({ "nvidia.com/gpu": "1" })]);
    await server.kubectl.apply([withDevices({})]);
    await server.kubectl.apply([withDevices()]);
    const { spec } = InferenceDeployment.parse(await server.kubectl.json("get", "infd", "devices"));
    expect(spec.targets[0]?.resources.devices).toBeUndefined();
  });

  const create = (kind: ApiCase["kind"], document: object) => call("POST", `${folderOf(kind)}?dryRun=All`, document);

  it.each(
    apiCases.filter(({ reject }) => reject === null).map((one) => [`${one.kind} with ${one.name}`, one] as const),
  )("takes %s", async (_, { kind, document }) => {
    const { code, body } = await create(kind, document);
    expect([code, body.message]).toEqual([201, undefined]);
  });

  it.each(
    apiCases.filter(({ reject }) => reject !== null).map((one) => [`${one.kind} with ${one.name}`, one] as const),
  )("refuses %s, by field and rule", async (_, { kind, document, reject }) => {
    const { code, body } = await create(kind, document);
    expect(code).toBe(422);
    const fields = (body.details?.causes ?? []).map(fieldOf).filter((field) => field !== "");
    expect(fields).toEqual(fields.map(() => expect.stringMatching(startingWith(reject?.path ?? "-"))));
    expect(fields.length).toBeGreaterThan(0);
    if (reject?.rule !== undefined) expect(body.message).toContain(messageOf(reject.rule));
  });

  it("refuses a change of a TuningRun's spec, and takes one of its labels", async () => {
    const { kind } = minimal.TuningRun;
    const { body, code } = await call("POST", folderOf(kind), minimal.TuningRun);
    expect(code).toBe(201);
    const path = `${folderOf(kind)}/${minimal.TuningRun.metadata.name}`;
    const refused = await call("PUT", path, changed(body, forbiddenChange.changes));
    expect(refused.code).toBe(422);
    expect(refused.body.message).toContain(messageOf(forbiddenChange.rule));
    expect((await call("PUT", path, changed(body, { "metadata.labels": { a: "b" } }))).code).toBe(200);
  });

  it.each(kinds)("fills in the defaults of %s as zod does", async (kind) => {
    const { body } = await create(kind, changed(minimal[kind], { "metadata.name": "defaults" }));
    const schema = { InferenceDeployment, TuningRun }[kind];
    expect(body["spec"]).toEqual(schema.parse(minimal[kind]).spec);
  });

  it.each(kinds)("takes the full sample of %s as it is", async (kind) => {
    await server.kubectl("create", "namespace", `sample-${plurals[kind]}`);
    const text = readFileSync(join(samples, `${kind}.full.yaml`), "utf8").replace("shop", `sample-${plurals[kind]}`);
    expect(await server.kubectl.apply(text, "--dry-run=server", "--validate=strict")).toContain("serverside-applied");
  });

  it("explains fields like a manual", async () => {
    const text = await server.kubectl("explain", "infd.spec.serviceLevel");
    expect(text).toContain("What users of the model are promised");
    expect(text.replaceAll(/\s+/g, " ")).toContain("in milliseconds, from arrival at the server to the answer");
    expect(await server.kubectl("explain", "tune")).toContain("TuningRun is one measurement");
  });

  it("prints what a user wants to know in columns", async () => {
    const time = "2026-03-14T09:26:53Z";
    const condition = (type: string, reason: string) => ({
      ...{ type, reason, status: "True", lastTransitionTime: time, message: "All is well." },
    });
    await showStatus("InferenceDeployment", {
      conditions: [condition("Ready", "Serving")],
      summary: { winner: "OnnxRuntime Source", latency: "31 ms", target: "P99 < 50 ms", capacity: "804/s" },
    });
    expect(await rows("get", "infd", "ocr")).toEqual([
      ["NAME", "READY", "WINNER", "LATENCY", "TARGET", "CAPACITY", "AGE"],
      ["ocr", "True", "OnnxRuntime Source", "31 ms", "P99 < 50 ms", "804/s", expect.stringMatching(/^\d+[sm]/)],
    ]);
    const result = JSON.parse(readFileSync(join(samples, "TuningResult.json"), "utf8")) as SucceededResult;
    await showStatus("TuningRun", {
      conditions: [condition("Complete", "Succeeded")],
      nodeName: "node1",
      startedAt: time,
      result: runResultOf(result),
    });
    expect(await rows("get", "tune", "ocr-by-hand")).toEqual([
      ["NAME", "STATE", "WINNER", "MILLISECONDS", "CAPACITY", "NODE", "AGE"],
      ["ocr-by-hand", "Succeeded", result.winner, "13.7", "402", "node1", expect.stringMatching(/^\d+[sm]/)],
    ]);
  });

  it("scales by kubectl, as an autoscaler would", async () => {
    await showStatus("InferenceDeployment", { replicas: 1, selector: "app.kubernetes.io/name=ocr" });
    await server.kubectl("scale", "infd", "ocr", "--replicas=3");
    const scale = await call("GET", `${folderOf("InferenceDeployment")}/ocr/scale`);
    expect(scale.body).toMatchObject({
      spec: { replicas: 3 },
      status: { replicas: 1, selector: "app.kubernetes.io/name=ocr" },
    });
  });

  it("keeps spec and status apart", async () => {
    const path = `${folderOf("InferenceDeployment")}/ocr`;
    const { body } = await call("GET", path);
    const { body: after } = await call("PUT", path, changed(body, { "status.replicas": 77 }));
    expect(after["status"]).toEqual(body["status"]);
  });

  /** Makes the minimal object where it is missing, and writes its status. */
  async function showStatus(kind: ApiCase["kind"], status: object): Promise<void> {
    await call("POST", folderOf(kind), minimal[kind]);
    const path = `${folderOf(kind)}/${minimal[kind].metadata.name}`;
    const { body } = await call("GET", path);
    const { code, body: answer } = await call("PUT", `${path}/status`, { ...body, status });
    expect([code, answer.message]).toEqual([200, undefined]);
  }

  /** What kubectl prints, as cells. */
  async function rows(...args: string[]): Promise<string[][]> {
    const text = await server.kubectl(...args);
    return text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s{2,}/));
  }
});
