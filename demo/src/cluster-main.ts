import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { checkDocument, TuningReport, type TuningRun } from "@sweetspot/crds";
import { decodeText, inferenceRequest, type LineImage, lineImages } from "@sweetspot/test";
import { type Cluster, providers, startCluster } from "@sweetspot/test/cluster";
import {
  imageArchives,
  install,
  loadModelImage,
  modelImages,
  NamespaceView,
  namespace,
  recogniserDeployment,
  restrictedNamespace,
} from "@sweetspot/test/e2e";
import { renderReport } from "@sweetspot/tuner";

/** `npm run demo:cluster`: what a user of a cluster does and sees, on a real Kubernetes that it makes and takes down. */
const name = "ocr";
const out = fileURLToPath(new URL("../out/cluster", import.meta.url));
const latencyMilliseconds = 300;
const budgetSeconds = 90;
const longestWaitSeconds = 480;
const seed = 5;

const say = (text: string) => console.log(`  ${text}`);
const title = (text: string) => console.log(`\n${"-".repeat(20)} ${text}`);

async function main(): Promise<void> {
  const obstacles = await providers.local.obstacles();
  if (obstacles.length > 0) {
    console.error(`No cluster can be made on this machine:\n${obstacles.map((one) => `- ${one}`).join("\n")}`);
    process.exitCode = 1;
    return;
  }
  title("A Kubernetes of two nodes");
  const cluster = await startCluster({ name: "demo", nodes: 2, say, images: await imageArchives(say) });
  const stop = () => void cluster.down().finally(() => process.exit(130));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await demonstrate(cluster);
  } finally {
    title("Taking the cluster down");
    await cluster.down();
  }
}

async function demonstrate(cluster: Cluster): Promise<void> {
  await cluster.kubectl.apply(restrictedNamespace);
  await install(cluster, say);
  say(`packing the OCR recogniser and its samples as ${modelImages.recogniser}`);
  await loadModelImage(cluster, "recogniser");
  const view = new NamespaceView(cluster);
  await applied(cluster);
  const run = await tuned(cluster, view);
  await shown(cluster, ["get", "infd", name, "-n", namespace, "-o", "wide"]);
  await shown(cluster, ["get", "pods,tune", "-n", namespace, "-o", "wide"]);
  await shown(cluster, ["describe", "infd", name, "-n", namespace]);
  await asked(view);
  await reported(cluster, run);
}

async function applied(cluster: Cluster): Promise<void> {
  const object = recogniserDeployment(name, modelImages.recogniser, { latencyMilliseconds, budgetSeconds });
  title("kubectl apply");
  console.log(JSON.stringify(object, null, 2));
  const started = Date.now();
  console.log(await cluster.kubectl.apply(object));
  await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Ready", "--timeout=120s");
  say(`served with the source model and a safe plan after ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** Follows the conditions until the winner runs in the pod. */
async function tuned(cluster: Cluster, view: NamespaceView): Promise<TuningRun> {
  title("What happens");
  const end = Date.now() + longestWaitSeconds * 1000;
  let seen = "";
  while (Date.now() < end) {
    const [measured, plan] = [await view.condition(name, "Tuned"), await view.condition(name, "ConfigurationApplied")];
    const text = `${measured.reason}: ${measured.message}  [${plan.reason}]`;
    if (text !== seen) say(text);
    seen = text;
    const [run] = await view.runs(name);
    if (measured.status === "True" && plan.status === "True" && run !== undefined) return run;
    await sleep(1000);
  }
  throw new Error(
    `There is no answer after ${longestWaitSeconds} s. ${await cluster.kubectl("describe", "infd", name, "-n", namespace)}`,
  );
}

async function shown(cluster: Cluster, command: readonly string[]): Promise<void> {
  title(`kubectl ${command.join(" ")}`);
  console.log(await cluster.kubectl(...command));
}

async function asked(view: NamespaceView): Promise<void> {
  title("A request");
  const [image] = (await lineImages(1, seed)) as [LineImage];
  const url = await view.inferUrl(name);
  console.log(`curl -X POST ${url} -d @line.json`);
  const response = await fetch(url, { method: "POST", body: inferenceRequest(image) });
  const { model_name, outputs } = (await response.json()) as {
    model_name: string;
    outputs: { name: string; shape: number[]; data: number[] }[];
  };
  const [output] = outputs;
  console.log(
    `HTTP ${response.status}, model ${model_name}, output ${output?.name} of shape ${output?.shape.join(" x ")}`,
  );
  console.log(
    `written: ${JSON.stringify(image.text)}, read: ${JSON.stringify(decodeText(Float32Array.from(output?.data ?? [])))}`,
  );
}

async function reported(cluster: Cluster, run: TuningRun): Promise<void> {
  title("The report");
  const { configMap = "" } = run.status?.report ?? {};
  const { binaryData } = await cluster.kubectl.json<{ binaryData: Record<string, string> }>(
    ...["get", "configmap", configMap, "-n", namespace],
  );
  const text = gunzipSync(Buffer.from(binaryData["report"] ?? "", "base64")).toString("utf8");
  const report = checkDocument(TuningReport, JSON.parse(text), "The stored report");
  await mkdir(out, { recursive: true });
  const file = join(out, "report.html");
  await writeFile(file, renderReport(report));
  say(`${configMap} holds it, gzipped; as a page: ${relative(process.cwd(), file)}`);
}

await main();
