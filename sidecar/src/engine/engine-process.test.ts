import { afterAll, afterEach, describe, expect, it } from "vitest";
import { elementwiseModel, embeddingModel, writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import type { Tensor } from "../tensor.ts";
import { eventually, floatsOf, isRunning, ocrRecogniser, sentence } from "./engine-fixtures.ts";
import { EngineProcess, onnxRuntimeCommand } from "./engine-process.ts";
import { encodeFrame } from "./frames.ts";
import { cpuInventory } from "./linux-process.ts";

const limit = 20_000;
const started: EngineProcess[] = [];

const loading = (file: string, spinning = false) => ({ file, threads: 1, spinning });

function spawnEngine(command: readonly string[] = onnxRuntimeCommand(), cpus: readonly number[] | null = null) {
  const engine = new EngineProcess({ command, cpus });
  started.push(engine);
  return engine;
}

async function engineWith(model: Uint8Array): Promise<EngineProcess> {
  const engine = spawnEngine();
  await engine.load(loading(await writeOnnx(model)), limit);
  return engine;
}

const scriptEngine = (script: string) =>
  spawnEngine([process.execPath, "-e", `const s = new (require("net").Socket)({ fd: 3 }); s.resume(); ${script}`]);

afterEach(async () => {
  for (const engine of started) engine.kill();
  await Promise.all(started.splice(0).map(({ ended }) => ended));
});

describe("an engine process", () => {
  const shared = new EngineProcess({ command: onnxRuntimeCommand(), cpus: null });
  afterAll(() => shared.stop());

  it("computes what the model says", async () => {
    const engine = await engineWith(embeddingModel({ width: 2 }));
    const { outputs, microseconds } = await engine.run(sentence([0, 3]), ["embedding", "hidden"], limit);
    // Rows 0 and 3 of the table are [1, 8] and [4, 11].
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["embedding", [1, 2]],
      ["hidden", [1, 2, 2]],
    ]);
    expect(floatsOf(outputs[0])).toEqual([5, 19]);
    expect(floatsOf(outputs[1])).toEqual([1, 8, 4, 11]);
    expect(microseconds).toBeGreaterThan(0);
  });

  it("hands over a large answer before it begins the next batch", async () => {
    const engine = spawnEngine();
    await engine.load(loading(ocrRecogniser()), limit);
    const shape = [1, 3, 48, 320];
    const image: Tensor = { name: "x", datatype: "FP32", shape, data: new Uint8Array(3 * 48 * 320 * 4) };
    const instants: number[] = [];
    const run = async () => {
      const answer = await engine.run([image], ["softmax_11.tmp_0"], limit);
      instants.push(performance.now());
      return answer;
    };
    const [, second] = await Promise.all([run(), run()]);
    const between = (instants[1] as number) - (instants[0] as number);
    // The answer of a megabyte does not fit into the socket's buffer: without waiting both come together at the end.
    expect(between).toBeGreaterThan((0.6 * (second?.microseconds as number)) / 1000);
  });

  it("runs the OCR recogniser", async () => {
    const engine = spawnEngine();
    await engine.load(loading(ocrRecogniser(), true), limit);
    const image: Tensor = {
      name: "x",
      datatype: "FP32",
      shape: [2, 3, 48, 32],
      data: new Uint8Array(2 * 3 * 48 * 32 * 4),
    };
    const { outputs } = await engine.run([image], ["softmax_11.tmp_0"], limit);
    expect(outputs[0]?.shape).toEqual([2, 4, 6625]);
    const shares = floatsOf(outputs[0]).slice(0, 6625);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3);
  });

  const strings = Buffer.from([2, 0, 0, 0, 0xc3, 0xbc, 0, 0, 0, 0]);
  it.each<[Tensor["datatype"], Uint8Array]>([
    ["BOOL", Uint8Array.of(1, 0)],
    ["UINT8", Uint8Array.of(7, 255)],
    ["UINT16", new Uint8Array(Uint16Array.of(7, 65535).buffer)],
    ["UINT32", new Uint8Array(Uint32Array.of(7, 2 ** 32 - 1).buffer)],
    ["UINT64", new Uint8Array(BigUint64Array.of(7n, 2n ** 64n - 1n).buffer)],
    ["INT8", new Uint8Array(Int8Array.of(7, -8).buffer)],
    ["INT16", new Uint8Array(Int16Array.of(7, -8).buffer)],
    ["INT32", new Uint8Array(Int32Array.of(7, -8).buffer)],
    ["INT64", new Uint8Array(BigInt64Array.of(7n, -(2n ** 60n)).buffer)],
    ["FP16", new Uint8Array(Uint16Array.of(0x3c00, 0xc001).buffer)],
    ["FP32", new Uint8Array(Float32Array.of(1.5, -2.25).buffer)],
    ["FP64", new Uint8Array(Float64Array.of(1.5, Math.PI).buffer)],
    ["BYTES", new Uint8Array(strings)],
  ])("carries %s there and back", async (datatype, data) => {
    await shared.load(loading(await writeOnnx(elementwiseModel(datatype))), limit);
    const input: Tensor = { name: "x", datatype, shape: [1, 2], data };
    const { outputs } = await shared.run([input], ["y"], limit);
    expect(outputs).toEqual([{ ...input, name: "y" }]);
  });

  it("answers several questions in order and counts its batches", async () => {
    const engine = await engineWith(embeddingModel());
    const answers = await Promise.all([1, 2, 3].map((id) => engine.run(sentence([id]), ["embedding"], limit)));
    expect(answers.map(({ outputs }) => floatsOf(outputs[0])[0])).toEqual([3, 5, 7]);
    expect(await engine.ping(limit)).toBeGreaterThan(0);
    expect(await engine.statistics(limit)).toMatchObject({ batches: 3, rejected: 0 });
  });

  it.each<[string, Tensor[], string[]]>([
    ["an id outside the table", sentence([99]), ["embedding"]],
    ["an unknown output", sentence([1]), ["nope"]],
    ["no output", sentence([1]), []],
    ["a missing input", sentence([1]).slice(0, 1), ["embedding"]],
    ["too few bytes", sentence([1]).map((input) => ({ ...input, shape: [2, 2] })), ["embedding"]],
    ["another datatype", sentence([1]).map((input) => ({ ...input, datatype: "FP64" })), ["embedding"]],
  ])("rejects %s and lives", async (_, inputs, outputs) => {
    await shared.load(loading(await writeOnnx(embeddingModel())), limit);
    await expect(shared.run(inputs, outputs, limit)).rejects.toMatchObject({ kind: "Rejected" });
    expect((await shared.run(sentence([1]), ["embedding"], limit)).outputs).toHaveLength(1);
  });

  it("rejects a model that is none, and a batch before any model", async () => {
    const engine = spawnEngine();
    const file = await writeOnnx(Buffer.from("this is no model"));
    await expect(engine.run(sentence([1]), ["y"], limit)).rejects.toMatchObject({ kind: "Rejected" });
    await expect(engine.load(loading(file), limit)).rejects.toMatchObject({ kind: "Rejected" });
  });

  it("sends nothing that is too large for a frame", async () => {
    const engine = await engineWith(elementwiseModel("UINT8"));
    const half = new Uint8Array(2 ** 29);
    const huge = ["x", "z"].map((name): Tensor => ({ name, datatype: "UINT8", shape: [1, 2 ** 29], data: half }));
    await expect(engine.run(huge, ["y"], limit)).rejects.toMatchObject({ kind: "Rejected" });
    expect(await engine.ping(limit)).toBeGreaterThan(0);
  });

  it("runs on the CPUs that it was given", async () => {
    const cpu = cpuInventory().usable.at(-1) as number;
    const engine = spawnEngine(onnxRuntimeCommand(), [cpu]);
    await engine.ping(limit);
    expect(engine.facts().cpus).toBe(String(cpu));
    expect(engine.facts().residentBytes).toBeGreaterThan(10 * 2 ** 20);
  });

  it("answers what it has before it stops", async () => {
    const engine = await engineWith(embeddingModel());
    const running = engine.run(sentence([1]), ["embedding"], limit);
    await engine.stop();
    expect((await running).outputs).toHaveLength(1);
    await expect(engine.ping(limit)).rejects.toMatchObject({ kind: "Unavailable" });
  });
});

describe("a faulty engine process", () => {
  const strayPong = Buffer.concat(encodeFrame({ id: 9, kind: "pong" })).toString("hex");

  it("is killed when a batch outlasts its limit, and those behind it crash with it", async () => {
    const engine = await engineWith(embeddingModel());
    process.kill(engine.pid as number, "SIGSTOP");
    const batches = [1, 2].map(() => engine.run(sentence([1]), ["embedding"], 100));
    const kinds = (await Promise.allSettled(batches)).map((each) => each.status === "rejected" && each.reason.kind);
    expect(kinds).toEqual(["Hung", "Crashed"]);
    await engine.ended;
    expect(isRunning(engine.pid as number)).toBe(false);
  });

  it("does not blame a batch for the time that it waited behind another", async () => {
    const engine = await engineWith(embeddingModel());
    process.kill(engine.pid as number, "SIGSTOP");
    const first = engine.run(sentence([1]), ["embedding"], limit);
    const second = engine.run(sentence([1]), ["embedding"], 50);
    setTimeout(() => process.kill(engine.pid as number, "SIGCONT"), 150);
    await expect(Promise.all([first, second])).resolves.toHaveLength(2);
  });

  it("is killed when it falls silent after its first answer", async () => {
    const firstPong = Buffer.concat(encodeFrame({ id: 1, kind: "pong" })).toString("hex");
    const engine = scriptEngine(`s.once("data", () => s.write(Buffer.from("${firstPong}", "hex")))`);
    const pings = await Promise.allSettled([engine.ping(limit), engine.ping(200)]);
    expect(pings).toMatchObject([{ status: "fulfilled" }, { status: "rejected", reason: { kind: "Hung" } }]);
  });

  it("is not blamed for a stall of the server", async () => {
    const engine = await engineWith(embeddingModel());
    const batch = engine.run(sentence([1]), ["embedding"], 50);
    const until = performance.now() + 300;
    while (performance.now() < until);
    expect((await batch).outputs).toHaveLength(1);
  });

  it("rejects what it had when it is killed", async () => {
    const engine = await engineWith(embeddingModel());
    process.kill(engine.pid as number, "SIGSTOP");
    const batch = engine.run(sentence([1]), ["embedding"], limit);
    process.kill(engine.pid as number, "SIGKILL");
    await expect(batch).rejects.toMatchObject({ kind: "Crashed", message: expect.stringContaining("SIGKILL") });
    await expect(engine.ping(limit)).rejects.toMatchObject({ kind: "Unavailable" });
  });

  it.each([
    ["bytes that are no frame", `s.write("HTTP/1.1 400 Bad Request\\r\\n\\r\\n")`],
    ["an answer to nothing", `s.write(Buffer.from("${strayPong}", "hex"))`],
  ])("is killed when it sends %s", async (_, script) => {
    const engine = scriptEngine(`${script}; setInterval(() => 0, 1000)`);
    await expect(engine.ping(limit)).rejects.toMatchObject({ kind: "Crashed", message: /broke the protocol/ });
    await eventually(() => !isRunning(engine.pid as number), "the process ended");
  });

  it("tells the last words of a process that died", async () => {
    const engine = scriptEngine(`console.error("out of luck"); process.exit(3)`);
    await expect(engine.ping(limit)).rejects.toMatchObject({ kind: "Crashed", message: /exit code 3; .*out of luck/ });
  });

  it("is killed when it lets go of its socket", async () => {
    const engine = scriptEngine("s.destroy(); setInterval(() => 0, 1000)");
    await expect(engine.ping(limit)).rejects.toMatchObject({ kind: "Crashed" });
    await engine.ended;
  });

  it("is reported when its program does not exist", async () => {
    const engine = spawnEngine(["/no/such/program"]);
    await expect(engine.ping(limit)).rejects.toMatchObject({
      kind: "Crashed",
      message: expect.stringContaining("ENOENT"),
    });
  });

  it("is stopped by force when it does not listen", async () => {
    const engine = await engineWith(embeddingModel());
    process.kill(engine.pid as number, "SIGSTOP");
    const batch = engine.run(sentence([1]), ["embedding"], limit);
    const rejected = expect(batch).rejects.toMatchObject({ kind: "Unavailable" });
    await engine.stop(50);
    await rejected;
    expect(isRunning(engine.pid as number)).toBe(false);
  });
});
