import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DirectModel, minilmTensors } from "@sweetspot/test";
import { type MiniLm, openMiniLm, requestsOf, requestTensors, type Workload, workloads } from "../minilm-workloads.ts";
import { benchPlan } from "./bench-plan.ts";
import type { Questions } from "./best-setting.ts";
import { measureCapacity } from "./capacity.ts";
import { type Peer, type PeerName, peers } from "./catalogue.ts";
import { PeerUnavailableError } from "./python-environment.ts";
import { type PeerResults, readResults, writeResults } from "./results.ts";
import { type Bench, measureSaturation } from "./saturation.ts";
import { peerTable } from "./table.ts";

/** What is measured: each workload with each server that takes it, and `capacity` where that is listed. */
export interface PeerParts {
  readonly servers: readonly (PeerName | "own")[];
  readonly workloads: readonly Workload["name"][];
  readonly capacity: boolean;
  readonly regrid: boolean;
}

/** Measures parts one after the other, each written as soon as it is there, and gives all results that are known. */
export async function measurePeers(parts: PeerParts): Promise<PeerResults> {
  const model = await openMiniLm();
  const known = await benchPlan(model.file);
  const results = await readResults();
  const directory = await mkdtemp(join(tmpdir(), "sweetspot-bench-"));
  const bench: Bench = { model, plan: known.plan, directory, results, regrid: parts.regrid };
  try {
    for (const name of parts.workloads) {
      const questions = await questionsOf(workloads[name], model);
      for (const server of parts.servers.filter((each) => takes(each, workloads[name]))) {
        await part(results, `${name} ${server}`, () => measureSaturation(bench, questions, server));
      }
    }
    if (parts.capacity) {
      const questions = await questionsOf(workloads.mixed, model);
      for (const server of parts.servers) {
        await part(results, `capacity ${server}`, () => measureCapacity(bench, known, questions, server));
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return results;
}

const takes = (server: PeerName | "own", { format, rivals }: Workload): boolean =>
  server === "own" || ((rivals ?? [server]).includes(server) && (peers[server] as Peer).formats.includes(format));

async function part(results: PeerResults, name: string, measure: () => Promise<void>): Promise<void> {
  delete results.unavailable[name];
  try {
    await measure();
  } catch (error) {
    if (!(error instanceof PeerUnavailableError)) throw error;
    console.error(`  not measured: ${error.message}`);
    // What it once was is no result of today.
    delete results.saturation[name];
    delete results.capacity[name.replace(/^capacity /, "")];
    results.unavailable[name] = error.message;
  }
  await writeResults(results, peerTable(results));
}

async function questionsOf(workload: Workload, { file, signature }: MiniLm): Promise<Questions> {
  const mix = requestsOf(workload, signature);
  const [request] = mix.requests;
  const [inputs] = requestTensors(workload, signature);
  if (request === undefined || inputs === undefined) throw new Error("a workload has at least one request");
  const direct = await DirectModel.load(file);
  const embedding = await direct.run(inputs, minilmTensors.embedding);
  return { workload, modelFile: file, mix, probe: { ...request, embedding: new Float32Array(embedding) } };
}
