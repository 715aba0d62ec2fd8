import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument, ServingPlan, type TuningRun } from "@sweetspot/crds";
import { materialiseVariant } from "@sweetspot/sidecar";
import type { Cluster } from "../../cluster/src/cluster.ts";
import { DirectModel } from "../direct-run.ts";
import { namespace } from "./objects.ts";

interface StoredReport {
  readonly data: Readonly<Record<string, string>>;
  readonly binaryData: Readonly<Record<string, string>>;
}

export const storedReport = (cluster: Cluster, run: TuningRun): Promise<StoredReport> =>
  cluster.kubectl.json<StoredReport>("get", "configmap", "-n", namespace, run.status?.report?.configMap ?? "");

/** The model file that won a run, called directly: the source, or the variant made again from its recipe. */
export async function directModel(cluster: Cluster, run: TuningRun, source: string): Promise<DirectModel> {
  const { data, binaryData } = await storedReport(cluster, run);
  const { artifact } = parseDocument(ServingPlan, data["plan.json"] ?? "", "The stored plan");
  const packed = binaryData["recipe"];
  if (packed === undefined) return DirectModel.load(source);
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-variant-"));
  try {
    const [recipe, file] = [join(folder, "recipe"), join(folder, "variant.onnx")];
    await writeFile(recipe, Buffer.from(packed, "base64"));
    await materialiseVariant({ variant: artifact.variant, digest: artifact.digest, file, recipe, source });
    return await DirectModel.load(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
