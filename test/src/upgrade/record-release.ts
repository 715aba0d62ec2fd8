/**
 * `node test/src/upgrade/record-release.ts RELEASE`: has the operator of this tree bring InferenceDeployments to rest on a real API server,
 * and writes what it has made into `releases/RELEASE.json`. Run it once for a release, with its sources, and never again for that one:
 * later operators are tested on these objects.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { changed, minimal } from "@sweetspot/crds/testing";
import { configMaps, inferenceDeployments, requestKeys } from "@sweetspot/operator";
import { parse } from "yaml";
import { eventually } from "../e2e/eventually.ts";
import { OperatorPlace } from "../integration/operator-place.ts";
import { released, releasesFolder } from "./released-objects.ts";

const namespace = "shop";
const full = join(import.meta.dirname, "..", "..", "..", "crds", "samples", "InferenceDeployment.full.yaml");

/** One InferenceDeployment with the least in its spec that was measured twice, and one with every field set. */
async function makeObjects(place: OperatorPlace): Promise<void> {
  const { server, client } = place;
  await client.create(configMaps, {
    metadata: { namespace, name: "reviews-samples" },
    data: { "labelled.jsonl": "{}" },
  });
  await server.kubectl.apply({
    apiVersion: "node.k8s.io/v1",
    kind: "RuntimeClass",
    metadata: { name: "nvidia" },
    handler: "nvidia",
  });
  await server.kubectl.apply(changed(minimal.InferenceDeployment, { "metadata.namespace": namespace }));
  await server.kubectl.apply(
    changed(parse(readFileSync(full, "utf8")), { "spec.autoscaling": undefined, "spec.replicas": 2 }),
  );
  await place.converged(namespace, "ocr");
  await place.converged(namespace, "reviews");
  const annotations = { [requestKeys.retune]: "once more" };
  await client.mergePatch(inferenceDeployments, { namespace, name: "ocr" }, { metadata: { annotations } });
  const isMeasuredAgain = async () =>
    ((await place.infd(namespace, "ocr")).status?.targets?.[0]?.revisions ?? []).length === 2;
  await eventually("ocr was measured again", isMeasuredAgain, { seconds: 40 });
  await place.converged(namespace, "ocr");
}

const [release = ""] = process.argv.slice(2);
const file = join(releasesFolder, `${release}.json`);
if (!/^[\w.-]+$/.test(release)) throw new Error("Usage: node test/src/upgrade/record-release.ts RELEASE");
if (existsSync(file)) throw new Error(`${file} is there already: what a release has made does not change.`);

await using place = await OperatorPlace.start();
await place.makeNamespace(namespace);
const operator = place.startOperator(namespace);
await makeObjects(place);
await operator.stop();
const objects = (await place.objects(namespace)).map(released);
// One line for each, so that the file is short and a difference says where it is.
writeFileSync(file, `[\n${objects.map((object) => JSON.stringify(object)).join(",\n")}\n]\n`);
console.log(`${objects.length} objects in ${file}`);
