import type { RetuningState, TrafficSnapshot } from "@sweetspot/crds";
import { type DiagnosisResult, diagnose } from "../diagnosis/diagnose.ts";
import { baselineSeconds } from "../observation-times.ts";
import { type PodTraffic, snapshotOf, surgeRate } from "../pod-traffic.ts";
import { decideRetuning, initialRetuning, type RetuningDecision, type RetuningSettings } from "../retuning.ts";
import { judgeServiceLevel, type ServiceLevelVerdict } from "../service-level.ts";
import type { VirtualService } from "./virtual-service.ts";

/** What a look at the pods came to. */
export interface LoopLook {
  readonly level: ServiceLevelVerdict;
  readonly diagnosis: DiagnosisResult;
  readonly decision: RetuningDecision;
}

/**
 * The control loop of one target on virtual time, with the policies that run in the cluster. What it decides changes nothing but
 * its memory: the traffic is what the caller simulated.
 */
export class VirtualLoop {
  readonly #service: VirtualService;
  readonly #settings: RetuningSettings;
  #state: RetuningState = initialRetuning(1);
  #since: number;
  #revision = 1;
  #promoted: TrafficSnapshot | null = null;
  #level: ServiceLevelVerdict | null = null;

  /** `since`: when its first plan was taken, seconds since the epoch. */
  constructor(service: VirtualService, settings: RetuningSettings, since: number) {
    this.#service = service;
    this.#settings = settings;
    this.#since = since;
  }

  /** `now`: seconds since the epoch. */
  look(pods: readonly PodTraffic[], now: number): LoopLook {
    const { target, plan } = this.#service;
    const present = snapshotOf(pods, now * 1000);
    if (this.#promoted === null && now >= this.#since + baselineSeconds) this.#promoted = present;
    const judgedFrom = this.#since * 1000;
    const level = judgeServiceLevel({ target, pods, judgedFrom, now: now * 1000, previous: this.#level });
    const promoted = this.#promoted;
    const surge = surgeRate(pods, now);
    const readyReplicas = pods.length;
    const seen = { present, surge, promoted, readyReplicas, nodes: { kind: "Unknown" } } as const;
    const diagnosis = diagnose({ target, level, revision: null, plan, ...seen });
    const situation = {
      level,
      cause: diagnosis.cause,
      generation: 1,
      revision: `r${this.#revision}`,
      jobs: { fleet: 0, node: 0 },
    };
    const decision = decideRetuning(this.#state, situation, this.#settings, now * 1000);
    this.#level = level;
    this.#state = decision.state;
    if (decision.kind === "Act") this.#planChanged(now);
    return { level, diagnosis, decision };
  }

  #planChanged(now: number): void {
    this.#revision += 1;
    this.#since = now;
    this.#promoted = null;
    this.#level = null;
  }
}
