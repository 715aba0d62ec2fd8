import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { attempt, chart, release, runHelm, withoutHelm } from "./helm.ts";

type Schema = { properties?: Record<string, Schema>; additionalProperties?: unknown; $ref?: string };
const read = (file: string) => readFileSync(join(chart, file), "utf8");
const schema = JSON.parse(read("values.schema.json")) as Schema & { definitions: Record<string, Schema> };
const values = parse(read("values.yaml")) as Record<string, unknown>;

const resolved = (part: Schema): Schema =>
  part.$ref === undefined ? part : resolved(schema.definitions[part.$ref.replace("#/definitions/", "")] as Schema);

/** Paths of all values that the schema names. */
function schemaPaths(part: Schema, path = ""): string[] {
  const { properties } = resolved(part);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, value]) => schemaPaths(value, `${path}.${key}`));
}

/** Paths of all values with a default, as deep as the schema goes. */
function valuePaths(part: Schema, value: unknown, path = ""): string[] {
  const { properties } = resolved(part);
  if (properties === undefined) return [path];
  return Object.entries(value as object).flatMap(([key, item]) =>
    valuePaths(properties[key] ?? {}, item, `${path}.${key}`),
  );
}

describe("values and their schema", () => {
  it("name the same keys", () => {
    const wanted = schemaPaths(schema).filter((path) => path !== ".global");
    expect(valuePaths(schema, values).toSorted()).toEqual(wanted.toSorted());
  });

  it("are closed wherever the schema names keys", () => {
    const open: string[] = [];
    const visit = (part: Schema, path: string): void => {
      const { properties, additionalProperties } = resolved(part);
      if (properties === undefined) return;
      if (additionalProperties !== false) open.push(path);
      for (const [key, value] of Object.entries(properties)) visit(value, `${path}.${key}`);
    };
    visit(schema, "");
    expect(open).toEqual([]);
  });
});

const refusals: readonly (readonly [what: string, values: Record<string, unknown>, where: string])[] = [
  ["a key that does not exist", { replica: 2 }, "replica"],
  ["a key that does not exist, deeper", { "images.server.tga": "1" }, "tga"],
  ["a resource that is neither request nor limit", { "resources.claims": [] }, "claims"],
  ["a drain of eleven minutes", { drainSeconds: 660 }, "drainSeconds"],
  ["a drain with a unit", { drainSeconds: "3s" }, "drainSeconds"],
  ["a baseline of five seconds", { baselineSeconds: 5 }, "baselineSeconds"],
  ["a Prometheus without a scheme", { "serviceLevel.prometheusUrl": "prometheus:9090" }, "prometheusUrl"],
  ["a network that is none", { "modelSources.allowedNetworks": ["cluster"] }, "allowedNetworks"],
  ["a log level that the operator does not know", { logLevel: "verbose" }, "logLevel"],
  ["a pull policy that Kubernetes does not know", { "images.pullPolicy": "Sometimes" }, "pullPolicy"],
  ["no tag at all", { "images.tag": "" }, "tag"],
  ["a digest that is none", { "images.operator.digest": "latest" }, "digest"],
  ["an image name with a tag in it", { "images.server.repository": "sidecar:1" }, "repository"],
  ["two labels in one", { nodeClassLabels: ["a,b"] }, "nodeClassLabels"],
  ["a namespace that cannot exist", { "watch.namespace": "Team_1" }, "namespace"],
  ["two namespaces", { "watch.namespace": "a,b" }, "namespace"],
  ["a switch that is a text", { "crds.enabled": "no" }, "enabled"],
  ["a port that is none", { "networkPolicy.apiServerPorts": [70_000] }, "apiServerPorts"],
];

describe.skipIf(withoutHelm)("helm, with the chart's schema", () => {
  it("finds nothing to complain about", async () => {
    const { code, stdout, stderr } = await runHelm("lint", "--strict", chart);
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining("0 chart(s) failed")]);
  });

  it.each(refusals)("refuses %s", async (_, wrong, where) => {
    const { code, stderr } = await attempt(wrong);
    expect([code, stderr]).toEqual([1, expect.stringContaining("don't meet the specifications of the schema")]);
    expect(stderr).toContain(where);
  });

  it("says what to do where a ServiceMonitor is asked for and not known", async () => {
    const { code, stderr } = await attempt({ "metrics.serviceMonitor.enabled": true });
    expect([code, stderr]).toEqual([1, expect.stringContaining("Install the Prometheus Operator first")]);
  });

  it("tells, after an installation, what to do next", async () => {
    const notes = async (...more: string[]) => {
      const args = ["install", release.name, chart, "-n", release.namespace, "--dry-run=client", ...more];
      const { stdout } = await runHelm(...args);
      return stdout.slice(stdout.indexOf("NOTES:"));
    };
    const plain = await notes();
    expect(plain).toContain("kubectl -n sweetspot-system rollout status deployment/sweetspot-operator");
    expect(plain).toContain("looks after all namespaces");
    expect(plain).toContain("No registry serves images of the name sweetspot.dev");
    expect(plain).not.toContain("podPatchPolicy.enabled is false");
    const changed = ["watch.namespace=team", "images.registry=registry.example.com/x", "podPatchPolicy.enabled=false"];
    const other = await notes("--set", changed.join(","));
    expect(other).toContain("looks after namespace team");
    expect(other).not.toContain("No registry serves");
    expect(other).toContain("podPatchPolicy.enabled is false");
  });
});
