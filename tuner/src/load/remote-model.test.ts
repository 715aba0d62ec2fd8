import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { describeRemoteModel, modelUrl } from "./remote-model.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const metadata = {
  name: "minilm",
  versions: ["1"],
  platform: "onnxruntime_onnx",
  inputs: [
    { name: "input_ids", datatype: "INT64", shape: [-1, -1] },
    { name: "attention_mask", datatype: "INT64", shape: [-1, -1] },
  ],
  outputs: [{ name: "embedding", datatype: "FP32", shape: [-1, 384] }],
};

describe("modelUrl", () => {
  it.each([
    ["http://127.0.0.1:8000", "m", "http://127.0.0.1:8000/v2/models/m"],
    ["http://127.0.0.1:8000/", "m", "http://127.0.0.1:8000/v2/models/m"],
    ["http://127.0.0.1:8000/v2/models/m", undefined, "http://127.0.0.1:8000/v2/models/m"],
    ["http://127.0.0.1:8000/v2/models/m/infer", undefined, "http://127.0.0.1:8000/v2/models/m"],
    ["http://h/v2/models/m/versions/1/infer", undefined, "http://h/v2/models/m/versions/1"],
    ["http://h/behind/a/proxy", "m", "http://h/behind/a/proxy/v2/models/m"],
    ["http://h/v2/models/other", "m", "http://h/v2/models/m"],
  ])("finds the model of %s (%s)", (url, name, expected) => expect(modelUrl(url, name)).toBe(expected));

  it.each(["127.0.0.1:8000", "file:///etc/passwd", "nonsense"])("refuses %s, which is no address", (url) => {
    expect(() => modelUrl(url, "m")).toThrow(/no HTTP address/);
  });

  it("asks for a name where there is none", () => {
    expect(() => modelUrl("http://127.0.0.1:8000")).toThrow(/--model-name/);
    expect(() => modelUrl("http://127.0.0.1:8000", "../admin")).toThrow(/--model-name/);
  });
});

describe("describeRemoteModel", () => {
  it("takes the signature from the server's metadata", async () => {
    const url = await serving((_request, response) => response.end(JSON.stringify(metadata)));
    const model = await describeRemoteModel(url, "minilm");
    expect(model.inferUrl).toBe(`${url}/v2/models/minilm/infer`);
    expect(model.signature.batchable).toBe(true);
    expect(model.signature.variableAxis).toEqual([
      { name: "input_ids", axis: 1 },
      { name: "attention_mask", axis: 1 },
    ]);
  });

  it("takes no axis for variable where an input has two", async () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [-1, 3, -1, -1] }];
    const url = await serving((_request, response) => response.end(JSON.stringify({ ...metadata, inputs })));
    expect((await describeRemoteModel(url, "x")).signature.variableAxis).toBeNull();
  });

  it("says what is wrong when nobody answers, or something else does", async () => {
    await expect(describeRemoteModel("http://127.0.0.1:1", "m")).rejects.toThrow(/does not answer/);
    const missing = await serving((_request, response) => response.writeHead(404).end());
    await expect(describeRemoteModel(missing, "m")).rejects.toThrow(/status 404.*model's name/);
    const page = await serving((_request, response) => response.end("<html>"));
    await expect(describeRemoteModel(page, "m")).rejects.toThrow(/no model metadata/);
    const other = await serving((_request, response) => response.end("{}"));
    await expect(describeRemoteModel(other, "m")).rejects.toThrow(/no model metadata/);
  });
});
