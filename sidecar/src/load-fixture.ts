import { setTimeout as pause } from "node:timers/promises";

/** Milliseconds after each answer: the CPUs keep some rest, on which engines live that load beside serving ones. */
const rest = 10;

/** Clients that ask again and again until `work` is done; what each request was answered with. For tests. */
export async function underLoad<T>(clients: number, ask: () => Promise<T>, work: () => Promise<void>): Promise<T[]> {
  const answers: T[] = [];
  let on = true;
  const client = async () => {
    while (on) {
      answers.push(await ask());
      await pause(rest);
    }
  };
  const load = Promise.all(Array.from({ length: clients }, client));
  try {
    await work();
  } finally {
    on = false;
    await load;
  }
  return answers;
}
