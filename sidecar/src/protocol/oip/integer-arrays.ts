/** Integers of up to 32 bits: what holds them, and their range. */
export const integerArrays = {
  INT8: { make: Int8Array, low: -128, high: 127 },
  UINT8: { make: Uint8Array, low: 0, high: 255 },
  INT16: { make: Int16Array, low: -32_768, high: 32_767 },
  UINT16: { make: Uint16Array, low: 0, high: 65_535 },
  INT32: { make: Int32Array, low: -2_147_483_648, high: 2_147_483_647 },
  UINT32: { make: Uint32Array, low: 0, high: 4_294_967_295 },
} as const;
