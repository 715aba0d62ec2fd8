import { DoctorCheck, DoctorFinding, type Environment, type MachineActivity } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { usableCpus } from "../cpu-list.ts";
import { readTopology } from "../cpu-topology.ts";
import { describeEnvironment } from "../describe.ts";
import { readFrequency } from "../frequency.ts";
import { readMemory } from "../memory.ts";
import { parseRequirements, readPins } from "../pinned-versions.ts";
import { readPressure } from "../pressure.ts";
import * as machines from "../testing/recorded-machines.ts";
import { readThrottling } from "../throttling.ts";
import { findingsOf, type MachineFacts } from "./findings.ts";

const quiet: MachineActivity = {
  seconds: 2,
  cores: Array.from({ length: 16 }, (_, cpu) => ({ cpu, busy: 0.01, stolen: 0 })),
  runnable: 1,
  cpuPressure: 0,
  throttledPeriods: null,
  processes: [],
  accelerators: [],
};

/** What the doctor knows of a recorded machine that is quiet, with some facts replaced. */
async function factsOf(files: machines.Recorded, change: Partial<MachineFacts> = {}): Promise<MachineFacts> {
  const machine = machines.recorded(files);
  const usable = usableCpus(machine.read);
  const environment = await describeEnvironment({ files: machine, python: null });
  return {
    environment: { ...environment, kernel: "6.1.0-18-amd64", noiseFactor: 1.02 },
    activity: quiet,
    usable,
    topology: readTopology(machine, usable),
    frequency: readFrequency(machine, usable[0] ?? 0),
    throttling: { during: null, ended: readThrottling(machine) },
    memory: readMemory(machine),
    pressure: readPressure(machine),
    memoryBytesPerSecond: 11e9,
    accelerators: [],
    smi: { state: "Missing" },
    pins: { node: process.versions.node, engine: "1.30.0", python: {} },
    model: null,
    ...change,
  };
}

async function finding(check: DoctorCheck, files: machines.Recorded, change: Partial<MachineFacts> = {}) {
  const found = findingsOf(await factsOf(files, change)).find((each) => each.check === check);
  return found ?? expect.fail(`no finding of ${check}`);
}

const busy = (share: number, stolen = 0): Partial<MachineFacts> => ({
  activity: { ...quiet, cores: quiet.cores.map(({ cpu }) => ({ cpu, busy: share, stolen })) },
});

/** With these versions beside those of this process. */
async function versioned(versions: Environment["versions"], pins: Partial<MachineFacts["pins"]> = {}) {
  const facts = await factsOf({});
  const environment = { ...facts.environment, versions: { ...facts.environment.versions, ...versions } };
  return { environment, pins: { ...facts.pins, ...pins } };
}

describe("the findings", () => {
  const known = Object.entries(machines).filter(([, machine]) => typeof machine === "object");

  it.each(known)("of %s are one for each check, and keep the contract", async (_, machine) => {
    const findings = findingsOf(await factsOf(machine as machines.Recorded));
    expect(findings.map(({ check }) => check)).toEqual(DoctorCheck.options);
    for (const each of findings) expect(DoctorFinding.parse(each)).toEqual(each);
  });

  it("are given where nothing at all can be read", async () => {
    const nothing = { activity: { ...quiet, cores: [] }, memoryBytesPerSecond: null };
    const states = findingsOf(await factsOf({}, nothing)).map(({ check, state }) => `${check} ${state}`);
    expect(states).toEqual(
      expect.arrayContaining(["Frequency Unknown", "Memory Unknown", "StolenTime Unknown", "BusyNeighbours Unknown"]),
    );
  });

  it("say what to do wherever something could be better", async () => {
    for (const [, machine] of known) {
      for (const { state, next } of findingsOf(await factsOf(machine as machines.Recorded, busy(0.9, 0.2)))) {
        if (state === "Advice" || state === "Problem") expect(next).toMatch(/\w.*\./);
        if (state === "Good") expect(next).toBeNull();
      }
    }
  });
});

describe("versions", () => {
  it("are good where they are the pinned ones", async () => {
    expect(await finding("NodeVersion", {})).toMatchObject({ state: "Good" });
    expect(await finding("EngineVersion", {}, await versioned({ "onnxruntime-node": "1.30.0" }))).toMatchObject({
      state: "Good",
    });
  });

  it("are a problem where another major Node runs, advice where only a release differs", async () => {
    const node = process.versions.node;
    const [major = 0] = node.split(".").map(Number);
    expect(await finding("NodeVersion", {}, await versioned({}, { node: `${major + 2}.0.0` }))).toMatchObject({
      state: "Problem",
    });
    expect(await finding("NodeVersion", {}, await versioned({}, { node: `${major}.999.0` }))).toMatchObject({
      state: "Advice",
      sentence: expect.stringContaining(`${node} is older than ${major}.999.0`),
    });
  });

  it("are a problem where variants are written by another onnxruntime than the one that loads them", async () => {
    const change = { python: "3.12.1", "python-onnxruntime": "1.31.0", "onnxruntime-node": "1.30.0" };
    const { state, sentence } = await finding("PythonTools", {}, await versioned(change));
    expect(state).toBe("Problem");
    expect(sentence).toMatch(/1\.31\.0 makes the variants that onnxruntime-node 1\.30\.0/);
  });

  it("are compared with the lock file of the Python tools, which may lock several for several Pythons", async () => {
    const lock =
      "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:aa\nnumpy==2.5.5 ; x\nonnx==1.23.2 \\\n";
    const python = parseRequirements(lock);
    expect(python).toEqual({ numpy: ["2.4.6", "2.5.5"], onnx: ["1.23.2"] });
    const installed = { python: "3.11.2", "python-onnx": "1.23.2", "python-numpy": "2.4.6" };
    expect(await finding("PythonTools", {}, await versioned(installed, { python }))).toMatchObject({ state: "Good" });
    const other = await finding(
      "PythonTools",
      {},
      await versioned({ ...installed, "python-numpy": "2.0.0" }, { python }),
    );
    expect(other).toMatchObject({ state: "Advice", sentence: expect.stringContaining("numpy 2.0.0 instead of 2.4.6") });
  });

  it("of the checkout itself are pinned exactly", () => {
    const pins = readPins();
    expect(pins.engine).toMatch(/^\d+\.\d+\.\d+$/);
    expect(pins.python["onnxruntime"]?.[0]?.split(".").slice(0, 2)).toEqual(pins.engine?.split(".").slice(0, 2));
  });

  it("of an old kernel are advice", async () => {
    const facts = await factsOf({});
    const environment = { ...facts.environment, kernel: "4.18.0-553.el8.x86_64" };
    expect(await finding("Kernel", {}, { environment })).toMatchObject({ state: "Advice" });
  });
});

describe("the CPU", () => {
  it("with AMX and VNNI is named with what it is good for", async () => {
    const { state, sentence } = await finding("InstructionSets", machines.twoSocketXeon);
    expect([state, sentence]).toEqual(["Good", expect.stringMatching(/Platinum 8481C .*AMX.*VNNI.*AVX-512.*AVX2/)]);
  });

  it("with AVX2 alone gains less from INT8", async () => {
    expect(await finding("InstructionSets", machines.throttledPod)).toMatchObject({ state: "Advice" });
  });

  it("of ARM has dot products, i8mm and SVE", async () => {
    const { state, sentence } = await finding("InstructionSets", machines.graviton);
    expect([state, sentence]).toEqual(["Good", expect.stringMatching(/0xd40.*i8mm.*dot products.*SVE.*NEON/)]);
  });

  it("without vector instructions is a problem", async () => {
    const old = { "/proc/cpuinfo": "model name\t: QEMU Virtual CPU\nflags\t: fpu sse2 sse4_1 hypervisor\n" };
    expect(await finding("InstructionSets", old)).toMatchObject({ state: "Problem" });
  });

  it("with two threads a core is told, with a list of CPUs that leaves one of each", async () => {
    const { state, sentence, next } = await finding("Cores", machines.twoSocketXeon);
    expect(state).toBe("Advice");
    expect(sentence).toMatch(/16 usable CPUs on 8 cores: 8, 9, 10, 11, 12, 13, 14, 15 share a core/);
    expect(next).toContain("taskset -c 0,1,2,3,4,5,6,7.");
  });

  it("whose siblings belong to others is told", async () => {
    const { state, sentence } = await finding("Cores", machines.oneThreadOfEachCore);
    expect([state, sentence]).toEqual(["Advice", expect.stringMatching(/4 usable CPUs, each with a sibling/)]);
  });

  it("spread over memory nodes is advice, on one of them good", async () => {
    expect(await finding("Numa", machines.twoSocketXeon)).toMatchObject({
      state: "Advice",
      sentence: expect.stringContaining("on 2 of 2 NUMA nodes"),
    });
    expect(await finding("Numa", machines.oneThreadOfEachCore)).toMatchObject({ state: "Good" });
  });

  it("under powersave is slow to rise with intel_pstate, and stays at its lowest clock with other drivers", async () => {
    expect(await finding("Frequency", machines.twoSocketXeon)).toMatchObject({
      state: "Advice",
      sentence: expect.stringContaining("now 1200 of 3800 MHz"),
    });
    expect(await finding("Frequency", machines.graviton)).toMatchObject({ state: "Problem" });
    const performance = { "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n" };
    expect(
      await finding("Frequency", { "/proc/self/status": "Cpus_allowed_list:\t0\n", ...performance }),
    ).toMatchObject({
      state: "Good",
    });
    expect(await finding("Frequency", machines.throttledPod)).toMatchObject({ state: "Unknown" });
  });
});

describe("the container", () => {
  it("with a limit of one and a half CPUs on eight is advised to take whole ones", async () => {
    const { state, sentence, next } = await finding("CpuQuota", machines.throttledPod);
    expect([state, sentence]).toEqual(["Advice", expect.stringMatching(/limited to 1\.5 CPUs \(cgroup v2\)/)]);
    expect(next).toMatch(/static/);
  });

  it("with less than a CPU is a problem, with as many as its CPU set fine", async () => {
    const half = { ...machines.throttledPod, "/sys/fs/cgroup/cpu.max": "50000 100000\n" };
    expect(await finding("CpuQuota", half)).toMatchObject({ state: "Problem" });
    const whole = { ...machines.throttledPod, "/sys/fs/cgroup/cpu.max": "800000 100000\n" };
    expect(await finding("CpuQuota", whole)).toMatchObject({ state: "Good" });
    expect(await finding("CpuQuota", machines.twoSocketXeon)).toMatchObject({ state: "Good" });
    expect(await finding("CpuQuota", machines.graviton)).toMatchObject({ state: "NotApplicable" });
  });

  it("that was throttled before is advised, while it is throttled it has a problem", async () => {
    expect(await finding("Throttling", machines.throttledPod)).toMatchObject({
      state: "Advice",
      sentence: expect.stringMatching(/29\.9 % of the periods, for 9\.5 s/),
    });
    const ended = readThrottling(machines.recorded(machines.throttledPod));
    const during = { periods: 20, throttledPeriods: 6, throttledSeconds: 0.4 };
    const now = await finding("Throttling", machines.throttledPod, { throttling: { during, ended } });
    expect(now).toMatchObject({ state: "Problem", sentence: expect.stringContaining("6 of 20 periods") });
    expect(await finding("Throttling", machines.throttledByPod)).toMatchObject({ state: "Good" });
    expect(await finding("Throttling", machines.twoSocketXeon)).toMatchObject({ state: "NotApplicable" });
  });

  it("whose processes were killed for memory has a problem; one that swaps is advised", async () => {
    expect(await finding("Memory", machines.throttledPod)).toMatchObject({ state: "Problem" });
    expect(await finding("Memory", machines.twoSocketXeon)).toMatchObject({
      state: "Advice",
      sentence: expect.stringContaining("swapped out"),
    });
  });

  it("has huge pages where the kernel allows them", async () => {
    expect(await finding("HugePages", machines.twoSocketXeon)).toMatchObject({ state: "Advice" });
    expect(await finding("HugePages", machines.throttledPod)).toMatchObject({ state: "Good" });
    expect(await finding("HugePages", machines.graviton)).toMatchObject({ state: "NotApplicable" });
  });

  it("copies memory fast, slowly, or was not measured", async () => {
    expect(await finding("MemoryBandwidth", {})).toMatchObject({ state: "Good" });
    expect(await finding("MemoryBandwidth", {}, { memoryBytesPerSecond: 2e9 })).toMatchObject({ state: "Advice" });
    expect(await finding("MemoryBandwidth", {}, { memoryBytesPerSecond: null })).toMatchObject({ state: "Unknown" });
  });
});

describe("accelerators", () => {
  it("are honestly none, or left idle, or have a driver that does not answer", async () => {
    expect(await finding("Accelerators", {})).toMatchObject({ state: "NotApplicable" });
    const accelerators = [{ name: "Tesla T4", driver: "nvidia 535.104.05" }];
    expect(await finding("Accelerators", {}, { accelerators })).toMatchObject({
      state: "Advice",
      sentence: expect.stringContaining("Tesla T4 (nvidia 535.104.05)"),
    });
    const smi = { state: "Failed", message: "Driver/library version mismatch" } as const;
    expect(await finding("Accelerators", {}, { accelerators, smi })).toMatchObject({ state: "Problem" });
  });
});

describe("the neighbours", () => {
  it("are judged by the time that the host takes", async () => {
    expect(await finding("StolenTime", {}, busy(0))).toMatchObject({ state: "Good" });
    expect(await finding("StolenTime", {}, busy(0, 0.03))).toMatchObject({ state: "Advice" });
    expect(await finding("StolenTime", {}, busy(0, 0.2))).toMatchObject({ state: "Problem" });
  });

  it("are judged by the CPUs that this process may use, and named", async () => {
    const processes = [
      { pid: 7, name: "postgres", cpus: 3.2, threads: 1, residentBytes: 0, lastCpu: 4 },
      { pid: 8, name: "cron", cpus: 0.01, threads: 1, residentBytes: 0, lastCpu: 4 },
    ];
    const cores = quiet.cores.map(({ cpu }) => ({ cpu, busy: cpu < 4 ? 0.8 : 0, stolen: 0 }));
    const activity = { ...quiet, cores, processes };
    const near = await finding("BusyNeighbours", machines.oneThreadOfEachCore, { activity });
    expect(near).toMatchObject({ state: "Problem", sentence: expect.stringContaining("postgres (7) 3.2 CPUs") });
    expect(near.sentence).not.toContain("cron");
    expect(await finding("BusyNeighbours", machines.oneThreadOfEachCore, { activity, usable: [5, 6] })).toMatchObject({
      state: "Good",
    });
    expect(await finding("BusyNeighbours", machines.twoSocketXeon, { activity })).toMatchObject({ state: "Advice" });
  });

  it("show in pressure, for CPU and for memory", async () => {
    expect(await finding("Pressure", machines.throttledPod)).toMatchObject({ state: "Problem" });
    expect(await finding("Pressure", machines.twoSocketXeon)).toMatchObject({
      state: "Advice",
      sentence: expect.stringContaining("all of them for memory 1.8 %"),
    });
    expect(await finding("Pressure", machines.graviton)).toMatchObject({ state: "Unknown" });
  });

  it("make noise, beyond which a tuning would void most of what it measures", async () => {
    const { environment } = await factsOf({});
    const state = async (noiseFactor: number | null) =>
      (await finding("Noise", {}, { environment: { ...environment, noiseFactor } })).state;
    expect(await Promise.all([1.01, 1.1, 1.4, null].map(state))).toEqual(["Good", "Advice", "Problem", "Unknown"]);
  });
});

describe("a model", () => {
  const input = { name: "x", datatype: "FP32", symbols: [] } as const;
  const signature = { inputs: [], outputs: [], variableAxis: null, inputBounds: [], batchable: true };

  it("that can be batched is good, one of fixed size is advised to be exported again", async () => {
    const able = { ...signature, inputs: [{ ...input, shape: [-1, 3] }] };
    expect(await finding("Model", {}, { model: able })).toMatchObject({ state: "Good" });
    const fixed = { ...signature, batchable: false, inputs: [{ ...input, shape: [1, 3] }] };
    expect(await finding("Model", {}, { model: fixed })).toMatchObject({
      state: "Advice",
      sentence: expect.stringContaining("x FP32[1,3]"),
    });
  });
});
