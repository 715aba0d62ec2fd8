import { LoadReport } from "@sweetspot/crds";
import * as z from "zod";
import { LoadJob } from "./load-job.ts";

/** From the parent to the load process. */
export const LoadCommand = z.discriminatedUnion("type", [
  z.object({ type: z.literal("run"), id: z.int().min(0), job: LoadJob }),
  /** End the current stage and report what there is. */
  z.object({ type: z.literal("stop") }),
]);
export type LoadCommand = z.infer<typeof LoadCommand>;

/** From the load process to its parent. */
export const LoadAnswer = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), requestsInMix: z.int().min(1) }),
  z.object({ type: z.literal("report"), id: z.int().min(0), report: LoadReport }),
  z.object({ type: z.literal("failed"), id: z.int().min(0), message: z.string().max(4096) }),
]);
export type LoadAnswer = z.infer<typeof LoadAnswer>;
