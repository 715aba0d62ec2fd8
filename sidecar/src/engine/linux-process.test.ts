import { spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { describe, expect, it } from "vitest";
import {
  boundCommand,
  canBind,
  cpuInventory,
  letFrontGoFirst,
  parseProcessStatus,
  processFacts,
} from "./linux-process.ts";

describe("what Linux says of a process", () => {
  it("is read from its status file", () => {
    const text =
      "Name:\tnode\nVmRSS:\t  101316 kB\nCpus_allowed:\tf,ffffffff\nCpus_allowed_list:\t0-3,8\nMems_allowed:\t1\n";
    expect(parseProcessStatus(text)).toEqual({ cpus: "0-3,8", residentBytes: 101316 * 1024 });
  });

  it("is unknown for a status without these lines, as a zombie has it", () => {
    expect(parseProcessStatus("Name:\tnode\nState:\tZ (zombie)\n")).toEqual({ cpus: null, residentBytes: null });
  });

  it("is unknown for a process that is not there", () => {
    expect(processFacts(2 ** 30)).toEqual({ cpus: null, residentBytes: null });
  });

  it("lists no usable CPU that is not online", () => {
    const { usable, online } = cpuInventory();
    expect(usable.length).toBeGreaterThan(0);
    expect(usable.filter((cpu) => !online.includes(cpu))).toEqual([]);
  });
});

describe("binding a process", () => {
  it("is possible on the CPUs that are usable", async () => {
    expect(await canBind(cpuInventory().usable.slice(0, 1))).toBe(true);
  });

  it("is found impossible on CPUs that do not exist", async () => {
    expect(await canBind([4095])).toBe(false);
  });

  it("puts taskset before the command", () => {
    expect(boundCommand([0, 1, 4], ["node", "x"])).toEqual(["taskset", "-c", "0-1,4", "node", "x"]);
  });
});

describe("an engine process that shares CPUs with the front", () => {
  it("comes after it, and one that has ended is let be", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"], { stdio: "ignore" });
    const pid = child.pid as number;
    letFrontGoFirst(pid);
    expect(getPriority(pid)).toBe(Math.min(19, getPriority() + 5));
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(() => letFrontGoFirst(pid)).not.toThrow();
  });
});
