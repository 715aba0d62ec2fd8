import { afterEach, describe, expect, it } from "vitest";
import { elementwiseModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { systemClock } from "../server/clock.ts";
import { VirtualClock } from "../server/testing/virtual-clock.ts";
import { childrenOf, engineSettings, eventually, isStopped } from "./engine-fixtures.ts";
import { EngineProcess, onnxRuntimeCommand } from "./engine-process.ts";
import { LoadPacer } from "./load-pacer.ts";
import { startProcessPool } from "./pool.ts";

const limit = 20_000;
const ends: (() => unknown)[] = [];

/** One engine that is busy when the test says so. */
function serving() {
  let busy = true;
  const listeners = new Set<(began: boolean) => void>();
  return {
    engines: () => [{ cpus: null, busy }],
    watch: (listener: (began: boolean) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    become(now: boolean) {
      busy = now;
      for (const listener of listeners) listener(busy);
    },
    listeners,
  };
}

function pacedProcess() {
  const use = serving();
  const clock = new VirtualClock();
  const pacer = new LoadPacer([use], clock);
  const engine = new EngineProcess({ command: onnxRuntimeCommand(), cpus: null, onWork: () => pacer.changed() });
  ends.push(
    () => pacer.end(),
    () => engine.kill(),
  );
  pacer.add(engine, null);
  return { use, clock, pacer, engine };
}

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

describe("a process that loads beside engines that serve", () => {
  it("is stopped while they are busy, and goes on when they are idle", async () => {
    const { use, clock, engine } = pacedProcess();
    const pong = engine.ping(limit);
    await eventually(() => isStopped(engine.pid as number), "it is stopped");
    use.become(false);
    await clock.run(clock.now());
    await pong;
    expect(isStopped(engine.pid as number)).toBe(false);
  });

  it("goes on for good when the pacing ends", async () => {
    const { use, pacer, engine } = pacedProcess();
    const pong = engine.ping(limit);
    pacer.end();
    use.become(true);
    await pong;
    expect(use.listeners.size).toBe(0);
  });

  it("is not taken for hung because it was stopped", async () => {
    const { use, clock, engine } = pacedProcess();
    use.become(false);
    await clock.run(clock.now());
    await engine.ping(limit);
    use.become(true);
    const pong = engine.ping(500);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    use.become(false);
    await clock.run(clock.now());
    await pong;
  });

  it("can be ended while it is stopped", async () => {
    const { engine } = pacedProcess();
    engine.ping(limit).catch(() => undefined);
    await eventually(() => isStopped(engine.pid as number), "it is stopped");
    await engine.stop(limit);
  });
});

describe("a pool that is started beside engines that never rest", () => {
  it("is ready in the end, and its processes run freely then", async () => {
    const before = new Set(childrenOf());
    const pacer = new LoadPacer([serving()], systemClock);
    const settings = engineSettings(await writeOnnx(elementwiseModel()), { instances: 2 });
    const pool = await startProcessPool(settings, { command: onnxRuntimeCommand(), pacer });
    ends.push(() => pool.close(0));
    pacer.end();
    const own = childrenOf().filter((pid) => !before.has(pid));
    expect(own.filter(isStopped)).toEqual([]);
    expect(pool.idleInstances()).toBe(2);
  });
});
