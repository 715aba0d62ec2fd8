import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchModel } from "./fetch-model.ts";
import { NetworkPolicy } from "./network-policy.ts";
import { sourceFiles } from "./source-files.ts";
import { FileServer } from "./testing/file-server.ts";

/**
 * What huggingface.co answers below `/OWNER/NAME/resolve/REVISION/`: small files at once, files of its large file storage by
 * a redirect to another host with a signature in the address, and 401 for what is private or not there.
 */
const hub =
  (storage: () => string) =>
  (path: string, response: ServerResponse, { authorization }: IncomingHttpHeaders): void => {
    const headers = { "x-repo-commit": "0123abcd", "x-linked-size": "7" };
    if (!path.startsWith("/owner/name/resolve/v1/") || authorization !== "Bearer hf_canary") {
      response.writeHead(401, { "x-error-code": "RepoNotFound" }).end('{"error":"Repository not found"}');
    } else if (path.endsWith("/tokenizer.json")) response.writeHead(200, headers).end("{}");
    else response.writeHead(302, { ...headers, location: `${storage()}/xet/0123?X-Amz-Signature=canary` }).end();
  };

describe("a repository of Hugging Face", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "sweetspot-hub-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const fetch = (endpoint: string, uri: string, token: string | undefined) =>
    fetchModel({
      files: sourceFiles(uri, ["onnx/model.onnx", "tokenizer.json"], { huggingFaceEndpoint: endpoint }),
      ...{ directory, expected: null, maximumBytes: 100, network: new NetworkPolicy(["127.0.0.0/8"]) },
      credentials: token === undefined ? {} : { token },
      ...{ idleMilliseconds: 1000, now: () => 0, sleep: async () => undefined, signal: new AbortController().signal },
    });

  it("is fetched at its revision, large files from where they are kept, which is not told the token", async () => {
    await using storage = await FileServer.start((_, response) => void response.end("weights"));
    await using server = await FileServer.start(hub(() => storage.url));
    await fetch(server.url, "hf://owner/name@v1", "hf_canary");
    expect(readFileSync(join(directory, "onnx", "model.onnx"), "utf8")).toBe("weights");
    expect(readFileSync(join(directory, "tokenizer.json"), "utf8")).toBe("{}");
    expect(storage.asked).toEqual([
      {
        path: "/xet/0123?X-Amz-Signature=canary",
        headers: expect.not.objectContaining({ authorization: expect.anything() }),
      },
    ]);
  });

  it("that is private needs a token, and says so without a word of it", async () => {
    await using server = await FileServer.start(hub(() => server.url));
    for (const token of [undefined, "wrong"]) {
      await expect(fetch(server.url, "hf://owner/name@v1", token)).rejects.toThrow(
        `${server.url}/owner/name/resolve/v1/onnx/model.onnx may not be read (401). Check model.credentialsSecret`,
      );
    }
  });
});
