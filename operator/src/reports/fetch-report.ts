import { parseDocument, ServiceLevelReport } from "@sweetspot/crds";
import { request } from "undici";
import { metricsPort } from "../settings.ts";

/** What a serving pod says of itself, or why it says nothing. */
export type PodReport = { readonly report: ServiceLevelReport } | { readonly problem: string };

const deadlineMilliseconds = 1500;
const mostBytes = 256 * 1024;

/** Asks a pod for its report. The answer is untrusted: bounded in time and size, and parsed. Never throws. */
export async function fetchReport(address: string): Promise<PodReport> {
  const host = address.includes(":") ? `[${address}]` : address;
  try {
    const { statusCode, body } = await request(`http://${host}:${metricsPort}/v2/sweetspot/report`, {
      signal: AbortSignal.timeout(deadlineMilliseconds),
    });
    const text = await readAtMost(body);
    if (statusCode !== 200) return { problem: `it answers ${statusCode}` };
    return { report: parseDocument(ServiceLevelReport, text, "The report of a pod") };
  } catch (error) {
    return { problem: (error as Error).message.slice(0, 200) };
  }
}

async function readAtMost(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`its report is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
