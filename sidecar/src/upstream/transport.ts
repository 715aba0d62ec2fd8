import type { UpstreamConfig, UpstreamModel, UpstreamServer } from "@sweetspot/crds";
import type { Tensor } from "../tensor.ts";

/**
 * One protocol towards one model of another server. All methods reject with `EngineFailure`, and give up after their
 * limit in milliseconds.
 */
export interface Transport {
  /** False also where the server cannot be reached. Never rejects. */
  isReady(limitMilliseconds: number): Promise<boolean>;
  server(limitMilliseconds: number): Promise<UpstreamServer>;
  model(limitMilliseconds: number): Promise<UpstreamModel>;
  /** Null where the server does not tell, which most do not. */
  config(limitMilliseconds: number): Promise<UpstreamConfig | null>;
  /** Outputs in the order in which they are asked for. */
  infer(inputs: readonly Tensor[], outputs: readonly string[], limitMilliseconds: number): Promise<Tensor[]>;
  close(): void;
}
