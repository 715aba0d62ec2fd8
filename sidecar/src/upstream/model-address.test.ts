import { describe, expect, it } from "vitest";
import { AddressError, modelAddress, parseModelAddress } from "./model-address.ts";

describe("the address of a model on another server", () => {
  it.each([
    [
      "http://127.0.0.1:8000/v2/models/m",
      { protocol: "http", secure: false, host: "127.0.0.1", port: 8000, model: "m" },
    ],
    ["https://models.example/v2/models/m", { protocol: "http", secure: true, port: 443 }],
    ["grpc://triton:8001/v2/models/m/versions/2", { protocol: "grpc", host: "triton", port: 8001, version: "2" }],
    ["http://h/gateway/v2/models/a%20b/", { prefix: "/gateway", model: "a b", version: null }],
  ])("%s is read", (text, parts) => {
    expect(parseModelAddress(text)).toMatchObject(parts);
  });

  it.each(["127.0.0.1:8000", "ftp://h/v2/models/m", "http://h/v1/models/m", "http://h/v2/models/", "/tmp/model.onnx"])(
    "%s is refused",
    (text) => {
      expect(() => parseModelAddress(text)).toThrow(AddressError);
    },
  );

  it("is made of a server and a name", () => {
    expect(modelAddress("http://h:8000/", "a b", "3")).toBe("http://h:8000/v2/models/a%20b/versions/3");
    expect(() => modelAddress("h:8000", "m")).toThrow(AddressError);
  });
});
