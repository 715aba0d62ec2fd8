import { describe, expect, it } from "vitest";
import { sourceFiles } from "./source-files.ts";

const places = { huggingFaceEndpoint: "https://huggingface.co" };
const addresses = (uri: string, path = "a/model.onnx", others = {}) =>
  sourceFiles(uri, [path], { ...places, ...others }).map(({ url }) => url.href);

describe("the address of a file", () => {
  it.each([
    ["https://host/models/ocr", "https://host/models/ocr/a/model.onnx"],
    ["https://host:8443", "https://host:8443/a/model.onnx"],
    ["hf://owner/name", "https://huggingface.co/owner/name/resolve/main/a/model.onnx"],
    ["hf://owner/name@refs/pr/1", "https://huggingface.co/owner/name/resolve/refs%2Fpr%2F1/a/model.onnx"],
    ["s3://bucket/ocr/", "https://bucket.s3.us-east-1.amazonaws.com/ocr/a/model.onnx"],
    ["s3://a.bucket", "https://s3.us-east-1.amazonaws.com/a.bucket/a/model.onnx"],
  ])("of %s is %s", (uri, address) => {
    expect(addresses(uri)).toEqual([address]);
  });

  it("follows the service and the region of a bucket", () => {
    const s3Endpoint = "https://minio.example.com/base/";
    expect(addresses("s3://bucket/ocr", "m", { s3Endpoint })).toEqual(["https://minio.example.com/base/bucket/ocr/m"]);
    expect(addresses("s3://bucket", "m", { s3Region: "eu-central-1" })).toEqual([
      "https://bucket.s3.eu-central-1.amazonaws.com/m",
    ]);
  });

  it("escapes what would mean something else", () => {
    expect(addresses("https://host", "a+b@c=d.onnx")).toEqual(["https://host/a%2Bb%40c%3Dd.onnx"]);
  });

  it.each(["../secret", "a/../../b", "/etc/passwd", "a//b", ".hidden"])("is none for %s", (path) => {
    expect(() => addresses("https://host/models", path)).toThrow(/no path inside a source/);
  });

  it("is none for a source that is mounted", () => {
    expect(() => addresses("oci://registry.example.com/model:1")).toThrow(/is not fetched/);
  });
});
