import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../protocol/errors.ts";
import { ThreadPool, type ThreadPoolOptions } from "./thread-pool.ts";

const program = new URL("./testing/stubborn-thread.ts", import.meta.url);
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
let pool: ThreadPool<string, string>;

async function open(change: Partial<ThreadPoolOptions> = {}, greeting = "hello"): Promise<string> {
  const options = { program, settings: { greeting }, threads: 1, log, ...change };
  const opened = await ThreadPool.open<string, string, string>(options, (said) => {
    if (said === "no") throw new Error("refused");
    return String(said);
  });
  pool = opened.pool;
  return opened.greeting;
}

afterEach(() => pool?.close());

const run = (...items: string[]) =>
  pool.run(
    items,
    (item) => item.length,
    () => false,
  );
const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => "answered",
    (error: ApiError) => error.code,
  );

describe("threads that prepare inputs", () => {
  it("greet once, and answer in the order of the items", async () => {
    expect(await open()).toBe("hello");
    expect((await run("a", "b", "c")).map((text) => text[0])).toEqual(["A", "B", "C"]);
    expect(await run()).toEqual([]);
  });

  it("take together what came while they were busy, up to 16 items", async () => {
    await open();
    const busy = run("50");
    const waiting = Array.from({ length: 20 }, (_, i) => run(`t${i}`));
    await busy;
    const sizes = (await Promise.all(waiting)).map(([text]) => Number(text?.split("/")[1]));
    expect(sizes).toEqual([...Array(16).fill(16), ...Array(4).fill(4)]);
  });

  it("count what waits and what they work on", async () => {
    await open();
    const answers = Promise.all([run("20"), run("four", "five5")]);
    expect([pool.items, pool.bytes]).toEqual([3, 11]);
    await answers;
    expect([pool.items, pool.bytes]).toEqual([0, 0]);
  });

  it("do not begin what nobody waits for any more", async () => {
    await open();
    let over = false;
    const busy = run("30");
    const late = pool.run(
      ["late"],
      () => 1,
      () => over,
    );
    over = true;
    await busy;
    expect(await codeOf(late)).toBe("DeadlineExpired");
    expect(pool.items).toBe(0);
  });

  it("work side by side", async () => {
    await open({ threads: 2 });
    const answers = await Promise.all([run("100"), run("quick")]);
    expect(answers).toEqual([["100/1"], ["QUICK/1"]]);
  });
});

describe("a thread that dies", () => {
  it("is replaced, and only the item that kills it fails", async () => {
    await open();
    const busy = run("20");
    const [good, deadly, other] = [run("good"), run("exit"), run("other")];
    await busy;
    expect(await codeOf(deadly)).toBe("InternalError");
    expect(await good).toEqual(["GOOD/1"]);
    expect(await other).toEqual([expect.stringMatching(/^OTHER/)]);
    expect(log.error).toHaveBeenCalled();
    expect(await run("again")).toEqual(["AGAIN/1"]);
  });

  it("is replaced when it hangs", async () => {
    await open({ limitMilliseconds: 300 });
    expect(await codeOf(run("hang"))).toBe("InternalError");
    expect(await run("again")).toEqual(["AGAIN/1"]);
  });

  it("before it greets fails the start", async () => {
    await expect(open({}, "exit")).rejects.toThrow("the thread ended before it was ready");
    await expect(open({}, "no")).rejects.toThrow("refused");
  });
});

describe("a closed pool", () => {
  it("answers what waits with ShuttingDown, and takes nothing more", async () => {
    await open();
    const answers = [codeOf(run("500")), codeOf(run("b"))];
    await pool.close();
    expect(await Promise.all(answers)).toEqual(["ShuttingDown", "ShuttingDown"]);
    const refused: unknown = await run("c").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
  });
});
