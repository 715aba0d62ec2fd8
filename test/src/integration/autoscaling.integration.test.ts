import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { changed, minimal } from "@sweetspot/crds/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  binariesAreThere,
  type ControllerManager,
  controlPlaneBinaries,
  startControllerManager,
} from "../../cluster/src/index.ts";
import { eventually } from "../e2e/eventually.ts";
import { ExternalMetrics } from "./external-metrics.ts";
import { OperatorPlace } from "./operator-place.ts";
import { deployments, pods } from "./stand-in.ts";
import { toldTraffic } from "./told-traffic.ts";

/** As the docs have it. */
const example = join(import.meta.dirname, "..", "..", "..", "charts", "sweetspot", "examples", "hpa.yaml");
const metric = "sweetspot_replicas_needed";

const canRun =
  (await binariesAreThere([...controlPlaneBinaries, "kube-controller-manager"])) &&
  spawnSync("openssl", ["version"]).error === undefined;

type Autoscaler = {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
};

describe.skipIf(!canRun)("Kubernetes' own HorizontalPodAutoscaler with the example of the docs", () => {
  let place: OperatorPlace;
  let metrics: ExternalMetrics;
  let manager: ControllerManager;

  beforeAll(async () => {
    [place, metrics] = await Promise.all([OperatorPlace.start(), ExternalMetrics.start()]);
    const { server } = place;
    metrics.values.set(metric, 1);
    await server.kubectl.apply(metrics.manifests);
    await server.kubectl("wait", "--for=condition=Available", "apiservice/v1beta1.external.metrics.k8s.io");
    const often = ["--horizontal-pod-autoscaler-sync-period=1s"];
    manager = await startControllerManager(server, ["horizontal-pod-autoscaler-controller"], often);
  }, 120_000);

  afterAll(async () => {
    await manager?.[Symbol.asyncDispose]();
    await metrics?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  const serve = async (namespace: string, changes: Record<string, unknown> = {}): Promise<void> => {
    await place.makeNamespace(namespace);
    await place.server.kubectl.apply(
      changed(minimal.InferenceDeployment, { "metadata.namespace": namespace, ...changes }),
    );
    await place.server.kubectl("apply", "-n", namespace, "-f", example);
    place.startOperator(namespace);
    await place.converged(namespace);
  };

  /** Wanted by the scale subresource and by the Deployment, and pods that there are. */
  const sizes = async (namespace: string): Promise<(number | undefined)[]> => {
    const { spec } = await place.infd(namespace);
    const deployment = await place.client.get(deployments, { namespace, name: "ocr-x64" });
    const { items } = await place.client.list(pods, { namespace, labelSelector: "app.kubernetes.io/component=server" });
    return [spec.replicas, deployment.spec?.replicas, items.length];
  };

  const sized = (namespace: string, wanted: readonly number[]) =>
    eventually(
      `${namespace} has ${wanted}`,
      async () => {
        manager.checkRunning();
        return `${await sizes(namespace)}` === `${wanted}`;
      },
      { seconds: 30, everyMilliseconds: 200 },
    );

  it("asks for as many replicas as are needed, and the operator makes them", async () => {
    await serve("shop");
    expect(await sizes("shop")).toEqual([1, 1, 1]);
    metrics.values.set(metric, 2);
    await sized("shop", [2, 2, 2]);
    metrics.values.set(metric, 3.4);
    await sized("shop", [4, 4, 4]);
    expect([...metrics.asked]).toEqual([`/namespaces/shop/${metric} inference_deployment=ocr`]);
  }, 90_000);

  it("is refused, and told why, where the operator chooses the replicas", async () => {
    metrics.values.set(metric, 1);
    const busy = { percentile: "P99", latencyMilliseconds: 50 } as const;
    await serve("mart", { "spec.autoscaling": { maxReplicas: 3 } });
    place.standIn.tells.set("mart", () => toldTraffic(false, 600, busy, 900));
    await sized("mart", [1, 3, 3]);
    expect((await place.infd("mart")).status?.autoscaling).toMatchObject({ replicas: 3, reason: "AtMaximum" });
    metrics.values.set(metric, 6);
    const complaint = async () => {
      const { status } = await place.server.kubectl.json<Autoscaler>("get", "hpa", "ocr", "-n", "mart");
      return status?.conditions?.find(({ type, status: holds }) => type === "AbleToScale" && holds === "False") ?? null;
    };
    const { message } = await eventually("the autoscaler is refused", complaint, { seconds: 30 });
    expect(message).toContain("spec.autoscaling chooses the replicas");
    expect(await sizes("mart")).toEqual([1, 3, 3]);
    const events = await place.server.kubectl("get", "events", "-n", "mart", "-o", "jsonpath={.items[*].reason}");
    expect(events.split(" ")).toEqual(expect.arrayContaining(["ScaledUp", "AtMaximum"]));
  }, 90_000);
});
