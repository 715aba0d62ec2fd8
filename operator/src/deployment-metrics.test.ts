import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { deploymentMetrics, exportDeployments } from "./deployment-metrics.ts";
import { infd } from "./testing/objects.ts";

const diagnosis = {
  ...{ cause: "Load", since: "2026-03-14T09:00:00Z", message: "More requests than the replicas carry.", evidence: [] },
  response: "Advised",
};
const target = {
  ...{ name: "x64", replicas: 3, readyReplicas: 2 },
  ...{ capacityRequestsPerSecond: 402, latencyMilliseconds: 31, tunedConcurrency: 2.6 },
};
const condition = {
  ...{ type: "ServiceLevelMet", status: "False", reason: "Breached", message: "It is missed." },
  lastTransitionTime: "2026-03-14T09:00:00Z",
};
const stored = infd({ status: { conditions: [condition], targets: [{ ...target, diagnosis }] } });

async function scrape(leads: boolean, list = [stored]): Promise<string[]> {
  const registry = new Registry();
  exportDeployments(registry, { list: () => list, leads: () => leads });
  const text = await registry.metrics();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

describe("what the operator exports of a deployment", () => {
  it("says whose it is, and what an autoscaler, an alert and a person need", async () => {
    const { namespace, name } = stored.metadata;
    const own = `inference_namespace="${namespace}",inference_deployment="${name}"`;
    const lines = await scrape(true);
    expect(lines).toEqual(
      expect.arrayContaining([
        `sweetspot_target_capacity_requests_per_second{${own},target="x64"} 402`,
        `sweetspot_target_tuned_concurrency{${own},target="x64"} 2.6`,
        `sweetspot_target_ready_replicas{${own},target="x64"} 2`,
        `sweetspot_target_latency_seconds{${own},target="x64"} 0.031`,
        `sweetspot_condition{${own},type="ServiceLevelMet",status="False",reason="Breached"} 1`,
        `sweetspot_target_cause{${own},target="x64",cause="Load",response="Advised"} 1`,
      ]),
    );
    expect(new Set(lines.map((line) => line.replace(/\{.*/, "")))).toEqual(new Set(Object.keys(deploymentMetrics)));
  });

  it("is nothing where another process leads, or when the deployment is gone", async () => {
    expect(await scrape(false)).toEqual([]);
    expect(await scrape(true, [])).toEqual([]);
  });

  it("is only the promise of one that nobody has looked at", async () => {
    expect(await scrape(true, [infd()])).toEqual([expect.stringMatching(/^sweetspot_service_level_seconds\{/)]);
  });
});
