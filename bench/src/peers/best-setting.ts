import type { RequestMix } from "@sweetspot/tuner";
import type { Workload } from "../minilm-workloads.ts";
import { ServerUnderLoad } from "../server-under-load.ts";
import { firstSettings, type Peer, type PeerSetting } from "./catalogue.ts";
import type { Probe } from "./expected-answer.ts";
import { asTakenBy, startPeer } from "./peer-process.ts";
import { PeerUnavailableError } from "./python-environment.ts";
import type { Grid } from "./results.ts";

/** What a peer is asked. */
export interface Questions {
  readonly workload: Workload;
  readonly modelFile: string;
  readonly mix: RequestMix;
  readonly probe: Probe;
}

/** A peer under load, idle until it is measured. Throws `PeerUnavailableError`. */
export async function startUnderLoad(
  name: string,
  peer: Peer,
  setting: PeerSetting,
  { modelFile, mix, probe }: Questions,
): Promise<ServerUnderLoad> {
  const [wrapped = probe] = asTakenBy(peer, { requests: [probe] }).requests;
  const server = await startPeer(peer, setting, modelFile, { ...probe, ...wrapped });
  return ServerUnderLoad.start(name, server, asTakenBy(peer, mix));
}

/**
 * The fastest setting of a peer's grid for a workload, by a short trial each: batching first, then the peer's own variations
 * on the best of that. Throws `PeerUnavailableError` where not one of them works.
 */
export async function findBestSetting(name: string, peer: Peer, questions: Questions): Promise<Grid> {
  const tried: Grid["tried"] = [];
  const rateOf = async (setting: PeerSetting): Promise<number> => {
    const result = await trial(name, peer, setting, questions);
    tried.push({ setting, ...result });
    console.error(
      `  ${name} ${JSON.stringify(setting)}: ${result.rate === null ? result.reason : `${result.rate.toFixed(0)}/s`}`,
    );
    return result.rate ?? 0;
  };
  let best: PeerSetting | null = null;
  let bestRate = 0;
  for (const setting of firstSettings(peer, questions.workload)) {
    const rate = await rateOf(setting);
    if (rate > bestRate) [best, bestRate] = [setting, rate];
  }
  if (best === null) throw new PeerUnavailableError(tried[0]?.reason ?? "it has no setting for this workload");
  const base: PeerSetting = best;
  for (const variation of peer.variations) {
    const setting = { ...base, ...variation } as PeerSetting;
    const rate = await rateOf(setting);
    if (rate > bestRate) [best, bestRate] = [setting, rate];
  }
  return { measuredAt: new Date().toISOString(), best, tried };
}

async function trial(name: string, peer: Peer, setting: PeerSetting, questions: Questions) {
  try {
    await using server = await startUnderLoad(name, peer, setting, questions);
    return { rate: await server.trial() };
  } catch (error) {
    return { rate: null, reason: (error as Error).message.slice(0, 500) };
  }
}
