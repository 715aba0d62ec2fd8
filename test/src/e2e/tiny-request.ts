/** One request to the tiny model, which answers what it is asked. */
export const tinyRequest = (): string =>
  JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 4], data: [1, 2, 3, 4] }] });
