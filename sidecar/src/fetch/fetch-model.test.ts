import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCredentials } from "./credentials.ts";
import { type FetchOptions, fetchModel } from "./fetch-model.ts";
import { NetworkPolicy } from "./network-policy.ts";
import type { SourceFile } from "./source-files.ts";
import { FileServer, serveFiles } from "./testing/file-server.ts";

const loopback = new NetworkPolicy(["127.0.0.0/8"]);
const model = Buffer.alloc(300_000, "weights ");
const digest = `sha256:${createHash("sha256").update(model).digest("hex")}`;

let directory: string;
let pauses: number[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sweetspot-fetch-"));
  pauses = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const fileAt = (address: string, path = "model.onnx"): SourceFile => ({
  path,
  url: new URL(address),
  access: { kind: "Https" },
});

const fetch = (files: readonly SourceFile[], options: Partial<FetchOptions> = {}) =>
  fetchModel({
    ...{ files, directory, expected: null, maximumBytes: 1e6, credentials: {}, network: loopback },
    ...{ idleMilliseconds: 1000, now: () => 0, signal: new AbortController().signal },
    sleep: async (milliseconds) => void pauses.push(milliseconds),
    ...options,
  });

const redirect = (location: string) => (response: ServerResponse) => void response.writeHead(302, { location }).end();

describe("fetching a model", () => {
  it("puts each file under its path, whole", async () => {
    await using server = await FileServer.start(
      serveFiles({ "/m/model.onnx": model, "/m/a/t.json": Buffer.from("{}") }),
    );
    const fetched: [string, number][] = [];
    await fetch([fileAt(`${server.url}/m/model.onnx`), fileAt(`${server.url}/m/a/t.json`, "a/t.json")], {
      expected: { path: "model.onnx", digest },
      fetched: ({ path }, bytes) => fetched.push([path, bytes]),
    });
    expect(readFileSync(join(directory, "model.onnx")).equals(model)).toBe(true);
    expect(readFileSync(join(directory, "a", "t.json"), "utf8")).toBe("{}");
    expect(fetched).toEqual([
      ["model.onnx", model.length],
      ["a/t.json", 2],
    ]);
  });

  it("leaves nothing of a file with another digest", async () => {
    await using server = await FileServer.start(serveFiles({ "/model.onnx": model }));
    const wanted = `sha256:${"0".repeat(64)}`;
    await expect(
      fetch([fileAt(`${server.url}/model.onnx`)], { expected: { path: "model.onnx", digest: wanted } }),
    ).rejects.toThrow(`has digest ${digest}, not ${wanted}`);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("stops at the size that all files together may have, announced or not", async () => {
    await using announced = await FileServer.start(serveFiles({ "/a": model, "/b": model }));
    const files = [fileAt(`${announced.url}/a`, "a"), fileAt(`${announced.url}/b`, "b")];
    await expect(fetch(files, { maximumBytes: 1.5 * model.length })).rejects.toThrow(/too large.*450000 bytes/);
    expect(readdirSync(directory)).toEqual(["a"]);
    await using endless = await FileServer.start((_, response) => {
      const pour = () => {
        while (response.write(model));
        response.once("drain", pour);
      };
      pour();
    });
    await expect(fetch([fileAt(`${endless.url}/c`, "c")])).rejects.toThrow(/too large/);
    expect(readdirSync(directory)).toEqual(["a"]);
  });

  it("tries again what may pass by, and not what will not", async () => {
    let asked = 0;
    await using server = await FileServer.start((_, response) => {
      asked++;
      if (asked === 1) response.writeHead(503).end();
      else if (asked === 2) response.writeHead(200, { "content-length": 10 }).end("half", () => response.destroy());
      else response.end(model);
    });
    await fetch([fileAt(`${server.url}/model.onnx`)]);
    expect([asked, pauses]).toEqual([3, [1000, 2000]]);
    await using broken = await FileServer.start((_, response) => void response.writeHead(400).end());
    await expect(fetch([fileAt(`${broken.url}/m`)])).rejects.toThrow(/answers with 400/);
    expect(broken.asked).toHaveLength(1);
  });

  it("gives up a server that falls silent", async () => {
    await using server = await FileServer.start((_, response) => void response.write("begun"));
    await expect(fetch([fileAt(`${server.url}/m`)], { idleMilliseconds: 50 })).rejects.toThrow(
      /sends nothing for 0.05 s/,
    );
    expect(server.asked).toHaveLength(4);
  });

  it("says nothing that a server says, nor what follows a question mark", async () => {
    await using server = await FileServer.start((path, response) => {
      if (path === "/m") redirect("/n?signature=canary")(response);
      else response.writeHead(404, { "x-canary": "canary" }).end("canary");
    });
    await expect(fetch([fileAt(`${server.url}/m`)])).rejects.toThrow(`There is no ${server.url}/n. `);
  });
});

describe("addresses", () => {
  it("are checked where they are connected to, also after a name was looked up", async () => {
    await using server = await FileServer.start(serveFiles({ "/m": model }));
    const { port } = new URL(server.url);
    const internet = new NetworkPolicy([]);
    for (const host of ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]) {
      await expect(fetch([fileAt(`http://${host}:${port}/m`)], { network: internet })).rejects.toThrow(
        /not of the internet/,
      );
    }
    expect(server.asked).toEqual([]);
  });

  it("are checked after a redirect too", async () => {
    await using server = await FileServer.start((_, response) =>
      redirect("http://169.254.169.254/latest/meta-data")(response),
    );
    await expect(fetch([fileAt(`${server.url}/m`)])).rejects.toThrow(/link-local address 169\.254\.169\.254/);
  });

  it("lead on five times and no more, and nowhere but to web servers", async () => {
    await using ring = await FileServer.start((_, response) => redirect("/again")(response));
    await expect(fetch([fileAt(`${ring.url}/m`)])).rejects.toThrow(/leads on more than 5 times/);
    for (const location of ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:word@127.0.0.1/x", "http://"]) {
      await using server = await FileServer.start((_, response) => redirect(location)(response));
      await expect(fetch([fileAt(`${server.url}/m`)])).rejects.toThrow(/is not read|leads nowhere/);
    }
  });

  it("of plain HTTP are only for networks that were named", async () => {
    await expect(fetch([fileAt("http://8.8.8.8/m")])).rejects.toThrow(/is not encrypted/);
  });
});

describe("credentials", () => {
  it("are sent to the server that was named, and to no other", async () => {
    await using other = await FileServer.start(serveFiles({ "/m": model }));
    await using named = await FileServer.start((path, response) =>
      redirect(path === "/m" ? "/here" : `${other.url}/m`)(response),
    );
    await fetch([fileAt(`${named.url}/m`)], { credentials: { token: "canary" } });
    expect(named.asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer canary", "Bearer canary"]);
    expect(other.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it("are a name and a word where there is no token", async () => {
    await using server = await FileServer.start(serveFiles({ "/m": model }));
    await fetch([fileAt(`${server.url}/m`)], { credentials: { username: "reader", password: "a:b" } });
    expect(server.asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from("reader:a:b").toString("base64")}`);
  });

  it("are read from the files of a mounted Secret, and missed by its name", () => {
    writeFileSync(join(directory, "AWS_ACCESS_KEY_ID"), "id\n");
    writeFileSync(join(directory, "secretAccessKey"), "key");
    writeFileSync(join(directory, "other"), "x");
    expect(readCredentials(directory, "minio")).toEqual({ accessKeyId: "id", secretAccessKey: "key" });
    for (const folder of [join(directory, "none"), "/proc/self/fdinfo"]) {
      expect(() => readCredentials(folder, "minio")).toThrow(/^There is no Secret minio in this namespace, or/);
    }
  });
});

const withoutOpenssl = spawnSync("openssl", ["version"]).error !== undefined;

describe("an authority of one's own", () => {
  it.skipIf(withoutOpenssl)("is trusted where the Secret names it, and not otherwise", async () => {
    const [key, certificate] = ["key.pem", "certificate.pem"].map((name) => join(directory, name)) as [string, string];
    const subject = ["-subj", "/CN=models", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", key, "-out", certificate];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    execFileSync("openssl", ["req", "-x509", "-nodes", "-days", "2", ...kind, ...subject, ...files], {
      stdio: "ignore",
    });
    const tls = { key: readFileSync(key), cert: readFileSync(certificate) };
    await using server = await FileServer.start(serveFiles({ "/m": model }), tls);
    const wanted = [fileAt(`${server.url}/m`)];
    await expect(fetch(wanted)).rejects.toThrow(/cannot be read \(.*SELF_SIGNED/);
    await fetch(wanted, { credentials: { authority: tls.cert.toString() } });
    expect(readdirSync(directory)).toContain("model.onnx");
  });
});
