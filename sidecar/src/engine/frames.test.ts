import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../tensor.ts";
import { encodeFrame, type Frame, FrameDecoder, FrameError, maximumFrameBytes } from "./frames.ts";

const bytesOf = (frames: Uint8Array[][]): Buffer => Buffer.concat(frames.flat());
const float = (name: string, values: number[]): Tensor => ({
  name,
  datatype: "FP32",
  shape: [values.length],
  data: new Uint8Array(new Float32Array(values).buffer),
});

const tensor = fc.record({
  name: fc.string(),
  datatype: fc.constantFrom("FP32", "INT64", "BYTES", "BOOL") as fc.Arbitrary<Tensor["datatype"]>,
  shape: fc.array(fc.nat({ max: 2 ** 40 }), { maxLength: 4 }),
  data: fc.uint8Array({ maxLength: 200 }),
});
const message = fc.record({ id: fc.nat(), text: fc.string(), tensors: fc.array(tensor, { maxLength: 4 }) });

function decodeInChunks(stream: Buffer, sizes: readonly number[]): Frame[] {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (let offset = 0, turn = 0; offset < stream.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    frames.push(...decoder.push(stream.subarray(offset, offset + size)));
    offset += size;
  }
  return frames;
}

/** A frame with any prefix and header, valid or not. */
function rawFrame(total: number, headerBytes: number, header: string): Buffer {
  const frame = Buffer.alloc(8 + Math.ceil(header.length / 8) * 8);
  frame.writeUInt32LE(total, 0);
  frame.writeUInt32LE(headerBytes, 4);
  frame.write(header, 8);
  return frame;
}

describe("the frame codec", () => {
  it("gives back the same frames however the stream is cut", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), sizes, (messages, cuts) => {
        const stream = bytesOf(
          messages.map(({ id, text, tensors }) => encodeFrame({ id, kind: "run", text }, tensors)),
        );
        const frames = decodeInChunks(stream, cuts);
        const seen = frames.map(({ header, tensors }) => ({ id: header.id, text: header["text"], tensors }));
        expect(seen).toEqual(messages.map((each) => ({ ...each })));
      }),
    );
  });

  it("keeps big tensors out of the copy and still frames them", () => {
    const big = float(
      "big",
      Array.from({ length: 40_001 }, (_, index) => index),
    );
    const chunks = encodeFrame({ id: 1, kind: "run" }, [big, float("small", [1])]);
    expect(chunks).toContain(big.data);
    const [frame] = new FrameDecoder().push(bytesOf([chunks]));
    expect(frame?.tensors[0]?.data).toEqual(big.data);
  });

  it("aligns every tensor to eight bytes in memory", () => {
    const odd: Tensor = { name: "odd", datatype: "UINT8", shape: [3], data: new Uint8Array([1, 2, 3]) };
    const stream = bytesOf([encodeFrame({ id: 1, kind: "run" }, [odd, float("x", [1.5, 2.5])])]);
    const [frame] = decodeInChunks(stream, [7]);
    const data = frame?.tensors[1]?.data as Uint8Array;
    expect(data.byteOffset % 8).toBe(0);
    expect([...new Float32Array(data.buffer as ArrayBuffer, data.byteOffset, 2)]).toEqual([1.5, 2.5]);
  });

  it("copies the payload, so that a reused read buffer does no harm", () => {
    const stream = bytesOf([encodeFrame({ id: 1, kind: "run" }, [float("x", [4])])]);
    const [frame] = new FrameDecoder().push(stream);
    stream.fill(0xff);
    expect([...(frame?.tensors[0]?.data ?? [])]).toEqual([0, 0, 0x80, 0x40]);
  });

  it("refuses to encode more than a frame may hold", () => {
    const half = new Uint8Array(maximumFrameBytes / 2);
    const huge = (name: string): Tensor => ({ name, datatype: "UINT8", shape: [half.length], data: half });
    expect(() => encodeFrame({ id: 1, kind: "run" }, [huge("a"), huge("b")])).toThrow(FrameError);
  });

  const header = JSON.stringify({ id: 1, kind: "x", tensors: [] });
  const withTensors = (tensors: unknown) => {
    const text = JSON.stringify({ id: 1, kind: "x", tensors });
    return rawFrame(8 + Math.ceil(text.length / 8) * 8, text.length, text);
  };
  it.each([
    ["a frame over the limit", rawFrame(2 ** 31, header.length, header)],
    ["a header over the limit", rawFrame(2 ** 22, 2 ** 21, header)],
    ["a header that is longer than its frame", rawFrame(16, 64, header)],
    ["an empty header", rawFrame(8, 0, "")],
    ["a length that is no multiple of eight", rawFrame(61, header.length, header)],
    ["a header that is not JSON", rawFrame(16, 8, "not json")],
    ["a header without an id", rawFrame(16, 2, "{}")],
    ["a header that is null", rawFrame(16, 4, "null")],
    ["tensors that do not fill the frame", rawFrame(1024, header.length, header)],
    ["no tensor list", withTensors(undefined)],
    ["a negative size", withTensors([{ name: "x", datatype: "FP32", shape: [-1], bytes: 0 }])],
    ["a fractional byte count", withTensors([{ name: "x", datatype: "FP32", shape: [1], bytes: 0.5 }])],
    ["an unknown datatype", withTensors([{ name: "x", datatype: "constructor", shape: [1], bytes: 0 }])],
    [
      "more tensor bytes than the frame has",
      withTensors([{ name: "x", datatype: "FP32", shape: [1], bytes: 2 ** 50 }]),
    ],
    ["text", Buffer.from("GET / HTTP/1.1\r\n")],
  ])("rejects %s, and everything after it", (_, garbage) => {
    const decoder = new FrameDecoder();
    expect(() => decoder.push(garbage)).toThrow(FrameError);
    expect(() => decoder.push(bytesOf([encodeFrame({ id: 1, kind: "ping" })]))).toThrow(FrameError);
  });

  it("never throws anything but a FrameError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          new FrameDecoder().push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });
});
