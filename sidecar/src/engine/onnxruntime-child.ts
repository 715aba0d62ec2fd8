import { Socket } from "node:net";
import { env, InferenceSession, type Tensor as OrtTensor } from "onnxruntime-node";
import type { Tensor } from "../tensor.ts";
import { type Frame, FrameDecoder } from "./frames.ts";
import { type EngineReply, type EngineRequest, type LoadRequest, readRequest, sendMessage } from "./messages.ts";
import { sessionOptions } from "./onnxruntime-options.ts";
import { fromOrt, toOrt } from "./onnxruntime-tensors.ts";

/*
 * The engine process of ONNX Runtime. It answers the frames on file descriptor 3 one after the other and ends with
 * that socket. `run` blocks the thread and cannot be cancelled: that is why this is a process of its own.
 */

const engineSocket = 3;
/** ONNX Runtime logs "fatal" only: what goes wrong is answered, and a log would hold users' tensor names. */
const fatalOnly = 4;

let session: InferenceSession | null = null;
const done = { batches: 0, rejected: 0, busyMicroseconds: 0 };

type Answer = readonly [EngineReply, (readonly Tensor[])?];

async function answer(request: EngineRequest, inputs: readonly Tensor[]): Promise<Answer> {
  switch (request.kind) {
    case "load":
      return [await load(request)];
    case "run":
      return await run(request.outputs, inputs);
    case "ping":
      return [{ kind: "pong" }];
    case "stats":
      return [{ kind: "stats", ...done, residentBytes: process.memoryUsage.rss() }];
  }
}

async function load(request: LoadRequest): Promise<EngineReply> {
  const started = performance.now();
  session = await InferenceSession.create(request.file, {
    ...sessionOptions(request),
    logSeverityLevel: fatalOnly,
  });
  const version = `ONNX Runtime ${env.versions.node ?? env.versions.common}`;
  return { kind: "loaded", microseconds: microsecondsSince(started), version };
}

async function run(outputs: readonly string[], inputs: readonly Tensor[]): Promise<Answer> {
  if (session === null) throw new Error("no model is loaded");
  const started = performance.now();
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, toOrt(input)]));
  const results = await session.run(feeds, outputs);
  const tensors = outputs.map((name) => fromOrt(name, results[name] as OrtTensor));
  const microseconds = microsecondsSince(started);
  done.batches += 1;
  done.busyMicroseconds += microseconds;
  return [{ kind: "ran", microseconds }, tensors];
}

const microsecondsSince = (started: number): number => (performance.now() - started) * 1000;

function serve(socket: Socket): void {
  const decoder = new FrameDecoder();
  let queue = Promise.resolve();
  const reply = async ({ header, tensors }: Frame): Promise<void> => {
    const request = readRequest(header);
    try {
      sendMessage(socket, header.id, ...(await answer(request, tensors)));
    } catch (error) {
      done.rejected += 1;
      sendMessage(socket, header.id, { kind: "rejected", message: messageOf(error) });
    }
    await written(socket);
  };
  socket.on("data", (chunk: Buffer) => {
    for (const frame of decodeOrEnd(decoder, chunk)) queue = queue.then(() => reply(frame)).catch(endWith);
  });
  // The server ended, or lets go of this process: it still gets the answers that it waits for, if it is there.
  socket.on("end", () => void queue.then(() => socket.end()));
  socket.on("close", () => process.exit(0));
  socket.on("error", () => process.exit(0));
}

/**
 * The next batch blocks this thread: the part of a large answer that the socket could not take at once must be gone
 * before it begins, or it would arrive a whole batch later.
 */
async function written(socket: Socket): Promise<void> {
  if (socket.writableLength > 0) await new Promise<void>((resolve) => socket.write("", () => resolve()));
}

function decodeOrEnd(decoder: FrameDecoder, chunk: Buffer): Frame[] {
  try {
    return decoder.push(chunk);
  } catch (error) {
    return endWith(error);
  }
}

/** What is no request cannot be answered: the server is told by the end of the process, and why by its last words. */
function endWith(error: unknown): never {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// Ctrl-C and service managers signal the whole group. The server ends its engines itself, after their last batch.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
// The native binding of onnxruntime-node 1.30 knows FP16 only as Uint16Array, and its tensors prefer this class if it
// exists ("not enough space: expected 4, got 0").
Reflect.deleteProperty(globalThis, "Float16Array");
serve(new Socket({ fd: engineSocket, readable: true, writable: true, allowHalfOpen: true }));
