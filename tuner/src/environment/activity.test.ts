import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineActivity } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { activityBetween, readMachine, throttlingBetween } from "./activity.ts";
import { coreActivity, parseStat } from "./cpu-times.ts";
import { machineFiles } from "./machine-files.ts";
import { programName } from "./process-table.ts";
import { type Recorded, recorded, throttledPod } from "./testing/recorded-machines.ts";
import { watchActivity } from "./watch-activity.ts";

/** A line of /proc/PID/stat with these figures. */
const stat = (pid: number, name: string, user: number, started: number): string =>
  `${pid} (${name}) S 1 1 1 0 -1 4194560 10 0 0 0 ${user} 0 0 0 20 0 7 0 ${started} 999 250 1 1 1 1 1 1 1 1 1 1 1 1 1 17 3 0 0\n`;

const moment = (busy: number, stolen: number, processes: Recorded): Recorded => ({
  ...throttledPod,
  "/proc/stat": `cpu  9 9 9 9\ncpu0 ${busy} 0 0 ${1000 - busy - stolen} 0 0 0 ${stolen} 0 0\ncpu1 0 0 0 1000 0 0 0 0 0 0\nprocs_running 5\n`,
  ...processes,
});

describe("the activity between two readings", () => {
  const before = recorded(
    moment(100, 0, { "/proc/7/stat": stat(7, "tmux: (server)", 100, 1), "/proc/8/stat": stat(8, "old", 900, 1) }),
  );
  const later: Recorded = {
    ...moment(150, 20, {
      "/proc/7/stat": stat(7, "tmux: (server)", 300, 1),
      // The number was given to another process meanwhile: it counts from its own start.
      "/proc/8/stat": stat(8, "new", 50, 2),
      "/proc/9/stat": stat(9, "self", 500, 1),
      "/proc/10/stat": "",
    }),
    "/proc/stat": "cpu0 150 0 0 930 0 0 0 20 0 0\ncpu1 0 0 0 1100 0 0 0 0 0 0\nprocs_running 5\n",
    "/sys/fs/cgroup/cpu.stat": "nr_periods 421\nnr_throttled 127\nthrottled_usec 9801203\n",
  };
  const after = recorded(later);
  const activity = activityBetween(readMachine(before, 0), readMachine(after, 1000), {
    files: after,
    without: [9],
    accelerators: [],
  });

  it("gives each core's share of work and of stolen time", () => {
    expect(activity.cores).toEqual([
      { cpu: 0, busy: 0.5, stolen: 0.2 },
      { cpu: 1, busy: 0, stolen: 0 },
    ]);
    expect(activity).toMatchObject({ seconds: 1, runnable: 5, cpuPressure: 0.521, throttledPeriods: 7 });
  });

  it("names the busiest processes with their CPUs, without the observer", () => {
    expect(activity.processes).toEqual([
      { pid: 7, name: "tmux: (server)", cpus: 2, threads: 7, residentBytes: 250 * 4096, lastCpu: 3 },
      { pid: 8, name: "new", cpus: 0.5, threads: 7, residentBytes: 250 * 4096, lastCpu: 3 },
    ]);
  });

  it("keeps the contract", () => {
    expect(MachineActivity.parse(activity)).toEqual(activity);
  });
});

describe("the name of a process", () => {
  it.each([
    ["/usr/bin/node\0--max-old-space-size=99\0/app/cli/main.ts\0--token\0s3cret\0", "node main.ts"],
    ["python3\0-m\0http.server\0", "python3"],
    ["node\0-r\0/opt/hook.cjs\0/app/server.js\0", "node server.js"],
    ["biome\0check\0secret-plan.ts\0", "biome"],
    ["", "kworker/0:1"],
    ["nginx: worker process", "kworker/0:1"],
  ])("of %j is %s, and no argument shows", (commandLine, name) => {
    expect(programName(commandLine, "kworker/0:1")).toBe(name);
  });
});

describe("counters that begin anew", () => {
  it("say nothing of a core or a quota", () => {
    const [high, low] = [parseStat("cpu0 900 0 0 100 0 0 0 0"), parseStat("cpu0 10 0 0 10 0 0 0 0")];
    expect(coreActivity(high, low)).toEqual([]);
    const throttling = { periods: 10, throttledPeriods: 4, throttledSeconds: 1 };
    expect(throttlingBetween({ ...throttling, periods: 11 }, throttling)).toBeNull();
    expect(throttlingBetween(null, throttling)).toBeNull();
  });

  it("leave nothing where nothing can be read", () => {
    const nothing = readMachine(recorded({}), 0);
    const sources = { files: recorded({}), without: [], accelerators: [] };
    expect(activityBetween(nothing, { ...nothing, at: 1000 }, sources)).toMatchObject({
      cores: [],
      processes: [],
      runnable: null,
      cpuPressure: null,
      throttledPeriods: null,
    });
  });
});

describe.runIf(process.platform === "linux")("this machine", () => {
  it("shows a process that computes among the busiest, and its work on some core", async () => {
    const child = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
    try {
      await sleep(200);
      const before = readMachine(machineFiles, performance.now());
      await sleep(600);
      const after = readMachine(machineFiles, performance.now());
      const activity = activityBetween(before, after, { files: machineFiles, without: [], accelerators: [] });
      expect(activity.processes.map(({ pid }) => pid)).toContain(child.pid);
      expect(Math.max(...activity.cores.map(({ busy }) => busy))).toBeGreaterThan(0);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("is watched until enough was seen, or the signal comes", async () => {
    const looks: number[] = [];
    const options = { everyMilliseconds: 30, signal: new AbortController().signal };
    for await (const { seconds } of watchActivity({ ...options, looks: 2 })) looks.push(seconds);
    expect(looks).toHaveLength(2);
    const stop = new AbortController();
    for await (const { seconds } of watchActivity({ everyMilliseconds: 30, signal: stop.signal })) {
      looks.push(seconds);
      stop.abort();
    }
    expect(looks).toHaveLength(3);
    for (const seconds of looks) expect(seconds).toBeGreaterThan(0.02);
  });
});
