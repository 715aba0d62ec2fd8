import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { writeOnnx } from "../../../test/src/builders/onnx-model.ts";
import { cTranslate2 } from "./ctranslate2-engine.ts";
import { onnxRuntimeCommand } from "./engine-process.ts";
import { encodeFrame, type Frame, FrameDecoder } from "./frames.ts";
import { openVino } from "./openvino-engine.ts";
import { engineCommand } from "./python-engine.ts";

const started: { kill: (signal: "SIGKILL") => boolean }[] = [];

/** The bare program, with its socket and whatever it prints. */
function startProgram(command: readonly string[]) {
  const [program = "", ...argv] = command;
  const child = spawn(program, argv, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  started.push(child);
  let printed = "";
  let words = "";
  child.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const socket = child.stdio[3] as Duplex;
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  socket.on("data", (chunk: Buffer) => frames.push(...decoder.push(chunk)));
  // A program that ends with bytes unread breaks the connection.
  socket.on("error", () => undefined);
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, printed, words }));
  return { child, socket, frames, ended };
}

const frame = (header: Record<string, unknown>) => Buffer.concat(encodeFrame({ id: 1, kind: "ping", ...header }));

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

const [withOpenVino, withCTranslate2] = await Promise.all(
  [openVino, cTranslate2].map((engine) => engineCommand(engine).catch(() => null)),
);
const programs: readonly (readonly [string, readonly string[] | null])[] = [
  ["ONNX Runtime", onnxRuntimeCommand()],
  ["OpenVINO", withOpenVino ?? null],
  ["CTranslate2", withCTranslate2 ?? null],
];

describe.for(programs)("the program of the %s engine", { timeout: 60_000 }, ([, installed]) => {
  const command = installed ?? [];
  if (installed === null) return it.skip("is not installed");

  it.each([
    ["text", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["an unknown request", frame({ kind: "shutdown" })],
    ["a request with a missing field", frame({ kind: "load" })],
  ])("ends with an error when it is sent %s", async (_, garbage) => {
    const { socket, ended } = startProgram(command);
    socket.write(garbage);
    const { code, printed, words } = await ended;
    expect(code).toBe(1);
    expect(printed).toBe("");
    expect(words).not.toBe("");
  });

  it("ends when its socket closes", async () => {
    const { socket, ended } = startProgram(command);
    socket.write(frame({}));
    await once(socket, "data");
    socket.destroy();
    expect(await ended).toMatchObject({ code: 0, words: "" });
  });

  it("answers every question that it was asked before the other side closed its half", async () => {
    const { socket, frames, ended } = startProgram(command);
    socket.end(Buffer.concat([frame({ id: 1 }), frame({ id: 2 }), frame({ id: 3, kind: "stats" })]));
    expect((await ended).code).toBe(0);
    expect(frames.map(({ header }) => [header.id, header.kind])).toEqual([
      [1, "pong"],
      [2, "pong"],
      [3, "stats"],
    ]);
  });

  it("leaves Ctrl-C to the server", async () => {
    const { child, socket, frames, ended } = startProgram(command);
    socket.write(frame({}));
    await once(socket, "data");
    child.kill("SIGINT");
    child.kill("SIGTERM");
    socket.write(frame({ id: 2 }));
    await once(socket, "data");
    socket.end();
    expect((await ended).code).toBe(0);
    expect(frames).toHaveLength(2);
  });

  it("says in its answer that the model is bad, and prints nothing", async () => {
    const { socket, frames, ended } = startProgram(command);
    const file = await writeOnnx(Buffer.from("this is no model"));
    socket.end(frame({ kind: "load", file, threads: 1, spinning: false, options: {} }));
    // OpenVINO's readers for other formats complain on stderr, which only a dead engine's last words are taken from.
    expect(await ended).toMatchObject({ code: 0, printed: "" });
    expect(frames[0]?.header.kind).toBe("rejected");
  });
});
