import { describe, expect, it } from "vitest";
import { inThreads } from "./in-threads.ts";

const program = new URL("./testing/root-program.ts", import.meta.url);

describe("tasks in threads", () => {
  it("are all done, and their results are in the order of the tasks", async () => {
    const done: number[] = [];
    const tasks = [81, 4, 25, 1, 16];
    const results = await inThreads<number, number>(program, tasks, (task) => done.push(task));
    expect(results).toEqual([9, 2, 5, 1, 4]);
    expect(done.toSorted((a, b) => b - a)).toEqual([81, 25, 16, 4, 1]);
  });

  it("fail as the first of them fails", async () => {
    await expect(inThreads(program, [4, -1], () => undefined)).rejects.toThrow("-1 has no root");
  });
});
