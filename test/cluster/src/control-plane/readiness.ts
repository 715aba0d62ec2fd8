import { existsSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

/** Status code of one GET of the API server; null when it does not answer. `authorityFile`: PEM, may not exist yet. */
export function statusOf(url: string, authorityFile: string, token: string): Promise<number | null> {
  if (!existsSync(authorityFile)) return Promise.resolve(null);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const headers = { authorization: `Bearer ${token}` };
  const options = { ca: readFileSync(authorityFile), headers, timeout: 2000, agent: false };
  const get = request(url, options, (response) => {
    response.resume();
    resolve(response.statusCode ?? null);
  });
  get.on("timeout", () => get.destroy());
  get.on("error", () => resolve(null));
  get.end();
  return promise;
}

/** What is waited for, how long, and what ends the wait early. */
export interface Wait {
  readonly milliseconds: number;
  readonly intervalMilliseconds?: number;
  /** Throws when there is no more point in waiting. */
  readonly check?: () => void;
}

/** Asks until the answer is true; false when the time is over. Errors of `question` pass through. */
export async function waitUntil(question: () => Promise<boolean> | boolean, wait: Wait): Promise<boolean> {
  const end = performance.now() + wait.milliseconds;
  while (!(await question())) {
    wait.check?.();
    if (performance.now() > end) return false;
    await sleep(wait.intervalMilliseconds ?? 100);
  }
  return true;
}
