import type { Choices } from "../choices.ts";
import { frameTypes, type Http2Frame } from "./http2-frames.ts";

const frame = (type: number, flags: number, stream: number, payload: readonly number[] = []): Http2Frame => ({
  type,
  flags,
  stream,
  payload: Uint8Array.from(payload),
});

const zeros = (count: number): number[] => Array<number>(count).fill(0);

/** Frames that a client may not send, or not like this. */
const nastyFrames: readonly (() => Http2Frame[])[] = [
  () => [frame(frameTypes.reset, 0, 1, [0, 0, 0, 8])],
  () => [frame(frameTypes.reset, 0, 0, [0, 0, 0, 8])],
  () => [frame(frameTypes.settings, 1, 0)],
  () => [frame(frameTypes.settings, 0, 0, [0, 4, 0xff, 0xff, 0xff, 0xff])],
  () => [frame(frameTypes.settings, 0, 0, [0, 4, 0, 0, 0, 0])],
  () => [frame(frameTypes.settings, 0, 0, [0, 1, 0, 0, 0, 0])],
  () => [frame(frameTypes.settings, 0, 1, zeros(5))],
  () => [frame(frameTypes.goAway, 0, 0, zeros(8))],
  () => [frame(frameTypes.continuation, 4, 1)],
  // PRIORITY, on itself; PUSH_PROMISE, which only servers send; PING, many times; WINDOW_UPDATE by nothing and by too much.
  () => [frame(2, 0, 1, [0, 0, 0, 1, 0])],
  () => [frame(5, 4, 1, [0, 0, 0, 2])],
  () => Array.from({ length: 50 }, () => frame(6, 0, 0, zeros(8))),
  () => [frame(8, 0, 0, zeros(4))],
  () => [frame(8, 0, 1, [0x7f, 0xff, 0xff, 0xff])],
  () => [frame(0xfa, 0xff, 7, zeros(20))],
  () => Array.from({ length: 200 }, (_, i) => frame(frameTypes.headers, 4, 5 + 2 * i)),
  () => Array.from({ length: 100 }, () => frame(frameTypes.data, 0, 1)),
];

type Mutation = (frames: readonly Http2Frame[], at: number, choices: Choices) => readonly Http2Frame[];

const changed =
  (change: (frame: Http2Frame, choices: Choices) => Partial<Http2Frame>): Mutation =>
  (frames, at, choices) => {
    const old = frames[at] as Http2Frame;
    return frames.with(at, { ...old, ...change(old, choices) });
  };

const mutations: readonly Mutation[] = [
  (frames, at) => frames.toSpliced(at, 1),
  (frames, at) => frames.toSpliced(at, 0, frames[at] as Http2Frame),
  (frames) => frames.toReversed(),
  (frames, at, choices) => frames.toSpliced(at, 0, ...choices.of(nastyFrames)()),
  (frames, at, choices) => frames.toSpliced(at + 1, 0, ...choices.of(nastyFrames)()),
  changed((_, choices) => ({ type: choices.below(12) })),
  changed(({ flags }, choices) => ({ flags: flags ^ choices.of([1, 4, 8, 32, 255]) })),
  changed((_, choices) => ({ stream: choices.of([0, 2, 3, 2 ** 31 - 1, 2 ** 31 + 1]) })),
  changed(({ payload }, choices) => ({ length: choices.of([0, payload.length + 1, 16_385, 2 ** 24 - 1]) })),
  changed(({ payload }, choices) => ({ payload: payload.subarray(0, choices.below(payload.length + 1)) })),
  // Padding, right or longer than the frame.
  changed(({ flags, payload }, choices) => ({
    flags: flags | 8,
    payload: Buffer.concat([Buffer.of(choices.of([0, 3, 255])), payload, Buffer.alloc(3)]),
  })),
  // One byte a frame.
  (frames, at) => {
    const old = frames[at] as Http2Frame;
    const last = old.payload.length - 1;
    const pieces = Array.from(old.payload, (byte, i) => ({
      ...old,
      flags: i === last ? old.flags : 0,
      payload: Uint8Array.of(byte),
    }));
    return old.type === frameTypes.data ? frames.toSpliced(at, 1, ...pieces.slice(0, 500)) : frames;
  },
];

/** Changes the frames of a connection at one or two places. */
export function mutateFrames(frames: readonly Http2Frame[], choices: Choices): readonly Http2Frame[] {
  let mutated = frames;
  for (let count = 1 + choices.below(2); count > 0 && mutated.length > 0; count -= 1) {
    mutated = choices.of(mutations)(mutated, choices.below(mutated.length), choices);
  }
  return mutated;
}
