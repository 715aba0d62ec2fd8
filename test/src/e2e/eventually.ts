import { setTimeout as sleep } from "node:timers/promises";

interface Patience {
  readonly seconds: number;
  readonly everyMilliseconds?: number;
}

/** Asks again until the answer is neither null nor false nor an error; then throws what stood in the way last. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null | false>,
  { seconds, everyMilliseconds = 250 }: Patience,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let problem: unknown = "it was never true";
  do {
    try {
      const answer = await ask();
      if (answer !== null && answer !== false) return answer;
      problem = "it is not true";
    } catch (error) {
      problem = error;
    }
    await sleep(everyMilliseconds);
  } while (Date.now() < end);
  const detail = problem instanceof Error ? problem.message : String(problem);
  throw new Error(`Not within ${seconds} s: ${what}. ${detail}`);
}
