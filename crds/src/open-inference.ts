import * as z from "zod";
import { Datatype, TensorName } from "./common.ts";

/*
 * What this project reads of other servers that speak the Open Inference Protocol v2
 * (https://github.com/kserve/open-inference-protocol). Servers add fields of their own, which are ignored.
 */

const TensorMetadata = z.object({
  name: TensorName,
  datatype: Datatype,
  /** -1 where the axis is variable. */
  shape: z.array(z.int().min(-1)).max(64),
});

/** `GET /v2/models/{name}`, and `ModelMetadata` over gRPC. */
export const UpstreamModel = z.object({
  name: z.string().max(1024),
  platform: z.string().max(256).default(""),
  inputs: z.array(TensorMetadata).min(1).max(64),
  outputs: z.array(TensorMetadata).min(1).max(64),
});
export type UpstreamModel = z.infer<typeof UpstreamModel>;

/** `GET /v2`, and `ServerMetadata` over gRPC. */
export const UpstreamServer = z.object({
  name: z.string().max(1024),
  version: z.string().max(1024).default(""),
  extensions: z.array(z.string().max(256)).max(256).default([]),
});
export type UpstreamServer = z.infer<typeof UpstreamServer>;

/** The part of Triton's model configuration (`GET /v2/models/{name}/config`) that concerns batching; few servers have it. */
export const UpstreamConfig = z.object({
  max_batch_size: z.int().min(0).default(0),
  instance_group: z
    .array(z.object({ count: z.int().min(0).default(1) }))
    .max(256)
    .default([]),
});
export type UpstreamConfig = z.infer<typeof UpstreamConfig>;
