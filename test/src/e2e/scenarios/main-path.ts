import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, sha256, type TuningRun, unpackRecipe } from "@sweetspot/crds";
import { afterAll, describe, expect, test } from "vitest";
import { inferenceRequest, type LineImage, lineImages, ocrModels, recogniserTensors } from "../../models/ocr.ts";
import { imageHeight } from "../../models/render-text.ts";
import { eventually } from "../eventually.ts";
import { modelImages } from "../model-images.ts";
import { namespace, recogniserDeployment } from "../objects.ts";
import { directModel, storedReport } from "../served-model.ts";
import { makeSharedClaim } from "../shared-claim.ts";
import { SteadyClient } from "../steady-client.ts";
import type { World } from "../world.ts";

const name = "ocr";
const latencyMilliseconds = 400;
const budgetSeconds = 60;
const longestTuningSeconds = 300;
/** Other pictures than the tuner's samples, so that nothing is compared with itself. */
const proofSeed = 77;
const tolerance = 1e-4;

/** Apply -> served at once -> measured on a node -> the winner in the running pod -> status says what and why. */
export function mainPath(world: () => World): void {
  describe("an InferenceDeployment of a real model", () => {
    let client: SteadyClient;
    let uid: string | undefined;
    let run: TuningRun;
    let store = "";

    afterAll(async () => {
      if (store !== "") await rm(store, { recursive: true, force: true });
    });

    test("is served with the source model within 60 s", async () => {
      const { cluster, view } = world();
      store = await makeSharedClaim(cluster, "artifacts");
      const wanted = recogniserDeployment(name, modelImages.recogniser, { latencyMilliseconds, budgetSeconds });
      const artifactStore = { uri: `pvc://artifacts/${name}` };
      await cluster.kubectl.apply({ ...wanted, spec: { ...wanted.spec, artifactStore } });
      await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Ready", "--timeout=60s");
      const [pod] = await view.servers(name);
      uid = pod?.metadata.uid;
      const [image] = await lineImages(1, proofSeed);
      client = new SteadyClient(await view.inferUrl(name), inferenceRequest(image as LineImage), 200);
    });

    test(
      "is measured by a Job on a node, without a token, and its report is kept",
      async () => {
        const { cluster, view } = world();
        run = await eventually("the TuningRun is complete", () => completeRun(world()), {
          seconds: longestTuningSeconds,
          everyMilliseconds: 1000,
        });
        const selector = `sweetspot.dev/tuning-run=${run.status?.jobName}`;
        const { items } = await cluster.kubectl.json<{ items: { spec: { automountServiceAccountToken: boolean } }[] }>(
          ...["get", "pods", "-n", namespace, "-l", selector],
        );
        expect(items.map(({ spec }) => spec.automountServiceAccountToken)).toEqual([false]);
        expect(run.status?.nodeName).toMatch(/^node[12]$/);
        expect(await view.runs(name)).toHaveLength(1);
        const { data, binaryData } = await storedReport(cluster, run);
        expect(digestOf(JSON.parse(data["plan.json"] ?? "null"))).toBe(run.status?.result?.planDigest);
        expect(Buffer.from(binaryData["report"] ?? "", "base64")).toHaveLength(run.status?.report?.bytes ?? -1);
        if (binaryData["recipe"] === undefined) expect(run.status?.result?.variant).toBe("Source");
        else
          expect(unpackRecipe(Buffer.from(binaryData["recipe"], "base64")).variant).toBe(run.status?.result?.variant);
      },
      1000 * (longestTuningSeconds + 20),
    );

    test("has its report and the winner's file in the artifact store, each called by its digest", async () => {
      const { cluster } = world();
      const { data } = await storedReport(cluster, run);
      const { artifact } = JSON.parse(data["plan.json"] ?? "null");
      const made = artifact.variant === "Source" ? [] : [artifact.digest];
      for (const digest of [run.status?.result?.reportDigest ?? "", ...made]) {
        const file = join(store, name, digest.replace(":", "/"));
        expect(sha256(await readFile(file))).toBe(digest);
      }
    });

    test("has the winner in the very pod that served before, without a failed request", async () => {
      const { cluster, view } = world();
      await cluster.kubectl(
        ...["wait", "-n", namespace, `infd/${name}`, "--for=condition=ConfigurationApplied", "--timeout=60s"],
      );
      const pods = await view.servers(name);
      expect(pods.map(({ metadata }) => metadata.uid)).toEqual([uid]);
      expect(pods[0]?.status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0]);
      expect((await view.report(name)).planRevision).toBe(run.metadata.name);
      const { answered, failures } = await client.stop();
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(20);
    });

    test("is Guaranteed, with one CPU of its own as seen from inside", async () => {
      const { view } = world();
      const [pod] = await view.servers(name);
      expect(pod?.status.qosClass).toBe("Guaranteed");
      expect(await view.condition(name, "CpuPinned")).toMatchObject({ status: "True", reason: "Exclusive" });
      const { cpuPlacement, engines } = await view.report(name);
      expect(cpuPlacement?.cpuset).toMatch(/^\d+$/);
      expect(engines.map(({ cpus }) => cpus)).toEqual(engines.map(() => cpuPlacement?.cpuset));
    });

    test("answers as ONNX Runtime by itself does on the model file that won", async () => {
      const { cluster, view } = world();
      const direct = await directModel(cluster, run, ocrModels.recogniser);
      const url = await view.inferUrl(name);
      for (const image of await lineImages(4, proofSeed)) {
        const answer = await answerOf(url, image);
        const expected = await direct.run([tensorOf(image)], recogniserTensors.output);
        expect(answer).toHaveLength(expected.length);
        const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (answer[i] ?? 0))), 0);
        expect(worst).toBeLessThan(tolerance);
      }
    });

    test("says in status what won, how it was judged, what it carries and why", async () => {
      const { status } = await world().view.infd(name);
      const [target] = status?.targets ?? [];
      expect(target?.winner).toMatch(/^OnnxRuntime /);
      expect(target?.reason).toMatch(/\.$/);
      expect(run.status?.result, JSON.stringify(run.status?.conditions)).toHaveProperty("confirmation");
      expect(target?.latencyMilliseconds).toBeGreaterThan(0);
      expect(["Pass", "Fail", "Inconclusive"]).toContain(target?.verdict);
      expect(target?.capacityRequestsPerSecond).toBeGreaterThan(0);
      expect(target?.nodeClass).toHaveProperty(["kubernetes.io/arch"]);
      expect(status?.summary?.winner).toBe(target?.winner);
    });

    test("leaves nothing behind when it is deleted", async () => {
      const { cluster } = world();
      await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
      const kinds =
        "pods,services,deployments,replicasets,jobs,configmaps,serviceaccounts,poddisruptionbudgets,tune,infd";
      const selector = `sweetspot.dev/inference-deployment=${name}`;
      await eventually(
        "nothing of it is left",
        async () => (await cluster.kubectl("get", kinds, "-n", namespace, "-l", selector, "-o", "name")).trim() === "",
        { seconds: 90, everyMilliseconds: 1000 },
      );
      const reports = await cluster.kubectl(
        "get",
        "configmaps",
        "-n",
        namespace,
        "-l",
        "app.kubernetes.io/managed-by=sweetspot",
        "-o",
        "name",
      );
      expect(reports.trim()).toBe("");
      await cluster.kubectl("delete", "pvc", "artifacts", "-n", namespace, "--wait=false");
    });
  });
}

async function completeRun({ view }: World): Promise<TuningRun | null> {
  const [run] = await view.runs(name);
  const failed = run?.status?.conditions?.find(({ type }) => type === "Failed");
  if (failed?.status === "True") throw new Error(failed.message);
  return run?.status?.result === undefined ? null : run;
}

const tensorOf = ({ width, pixels }: LineImage) => ({
  name: recogniserTensors.input,
  datatype: "FP32" as const,
  shape: [1, 3, imageHeight, width],
  data: new Uint8Array(pixels.map((value) => Math.round(value * 100) / 100).buffer),
});

async function answerOf(url: string, image: LineImage): Promise<number[]> {
  const response = await fetch(url, { method: "POST", body: inferenceRequest(image) });
  const { outputs } = (await response.json()) as { outputs: { data: number[] }[] };
  return outputs[0]?.data ?? [];
}
