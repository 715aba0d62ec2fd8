import { parseDocument } from "@sweetspot/crds";
import { request } from "undici";
import type * as z from "zod";
import { metricsPort } from "../settings.ts";
import { readAtMost } from "./read-at-most.ts";

const deadlineMilliseconds = 1500;
const mostBytes = 256 * 1024;

/**
 * Asks a pod for a document. The answer is untrusted: bounded in time and size, and parsed. Throws an error whose message says
 * what is wrong.
 */
export async function askPod<S extends z.ZodType>(
  address: string,
  path: string,
  schema: S,
  what: string,
): Promise<z.infer<S>> {
  const host = address.includes(":") ? `[${address}]` : address;
  const { statusCode, body } = await request(`http://${host}:${metricsPort}${path}`, {
    signal: AbortSignal.timeout(deadlineMilliseconds),
  });
  const text = await readAtMost(body, mostBytes);
  if (statusCode !== 200) throw new Error(`it answers ${statusCode}`);
  return parseDocument(schema, text, what);
}
