import { writeFile } from "node:fs/promises";
import { type WorkingModelOptions, workingModel, writeOnnx } from "@sweetspot/test";
import { type Cluster, startCluster } from "@sweetspot/test/cluster";
import { imageArchives, install, loadImageOf, NamespaceView, restrictedNamespace } from "@sweetspot/test/e2e";
import type { Progress } from "../proof.ts";
import { requestLine } from "./steady-load.ts";

/** A plan's baseline is taken after this, the least that can be set, so that a proof takes minutes. */
const baselineSeconds = 60;

export interface PlacedModel extends WorkingModelOptions {
  readonly name: string;
  /** Lengths of the samples: what the tuning takes for the traffic. */
  readonly lengths: readonly number[];
}

/** A cluster of two nodes of one CPU each to give away, which control plane, load and servers share, with Sweetspot on it. */
export class LoopPlace implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly view: NamespaceView;
  readonly say: Progress;

  private constructor(cluster: Cluster, say: Progress) {
    this.cluster = cluster;
    this.view = new NamespaceView(cluster);
    this.say = say;
  }

  static async start(name: string, say: Progress): Promise<LoopPlace> {
    const cluster = await startCluster({ name, nodes: 2, images: await imageArchives(say) });
    try {
      await cluster.kubectl.apply(restrictedNamespace);
      await install(cluster, say, [`baselineSeconds=${baselineSeconds}`]);
      return new LoopPlace(cluster, say);
    } catch (error) {
      await cluster.down();
      throw error;
    }
  }

  /** Brings a model with its samples onto the nodes; gives the name of its image. */
  async bring({ name, lengths, ...options }: PlacedModel): Promise<string> {
    const reference = `sweetspot.dev/models/${name}:1`;
    const model = await writeOnnx(workingModel(options));
    const samples = `${model}.${name}.jsonl`;
    await writeFile(samples, lengths.map((length, i) => `${requestLine(length, i)}\n`).join(""));
    await loadImageOf(this.cluster, reference, { "model.onnx": model, "samples.jsonl": samples });
    return reference;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.down();
  }
}
