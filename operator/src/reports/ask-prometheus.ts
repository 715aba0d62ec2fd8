import { request } from "undici";
import { type CountedTarget, countsQuery, type PrometheusCounts, parseCounts } from "./prometheus-counts.ts";
import { readAtMost } from "./read-at-most.ts";

const deadlineMilliseconds = 5000;
/** Five series of 61 minutes have 15 KiB. */
const mostBytes = 128 * 1024;

/**
 * Asks the Prometheus at a URL for the requests of a target. Redirects are not followed; the answer is bounded in time and size, and
 * parsed. Never throws.
 */
export async function askPrometheus(
  url: string,
  target: CountedTarget,
  now: () => number = Date.now,
): Promise<PrometheusCounts> {
  const asked = new URL(`${url.replace(/\/+$/, "")}/api/v1/query`);
  asked.searchParams.set("query", countsQuery(target));
  const signal = AbortSignal.timeout(deadlineMilliseconds);
  try {
    const { statusCode, body } = await request(asked, { signal, headers: { accept: "application/json" } });
    const text = await readAtMost(body, mostBytes);
    if (statusCode !== 200) return { problem: `it answers ${statusCode}${errorType(text)}` };
    return { blocks: parseCounts(parsed(text), now() / 1000) };
  } catch (error) {
    const late = signal.aborted ? `it does not answer within ${deadlineMilliseconds / 1000} s` : null;
    return { problem: (late ?? (error as Error).message).slice(0, 200) };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("its answer is no JSON");
  }
}

/** What Prometheus calls an error (`bad_data`, `timeout`, `execution`); its sentence may differ each time, and would be told each time. */
const errorType = (text: string): string => {
  const type = /"errorType":\s*"([a-z_]{1,32})"/.exec(text)?.[1];
  return type === undefined ? "" : ` (${type})`;
};
