import type { Choices } from "./choices.ts";

/** Flips, cuts, doubles or inserts bytes at one place. */
export function mutateBytes(bytes: Uint8Array, choices: Choices): Uint8Array {
  const at = choices.below(bytes.length + 1);
  const length = 1 + choices.below(choices.chance(0.5) ? 8 : bytes.length + 1);
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  return choices.of([
    () => bytes.map((byte, index) => (index === at ? byte ^ (1 << choices.below(8)) : byte)),
    () => Buffer.from(before),
    () => Buffer.concat([before, after]),
    () => Buffer.concat([before, piece, piece, after]),
    () => Buffer.concat([before, choices.bytes(Math.min(length, 64)), piece, after]),
  ])();
}
