import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { buildProgram } from "./program.ts";
import { createContext } from "./testing/command-context.ts";
import { recordCli } from "./testing/recorded-cli.ts";

describe("docs/cli.md", async () => {
  const page = await readFile(new URL("../../docs/cli.md", import.meta.url), "utf8");
  const commands = buildProgram(createContext()).commands;

  it("holds each exit code with its meaning, and no other", () => {
    const rows = [...page.matchAll(/^\| (\d+) +\| (.+?) +\|$/gm)].map(([, code, meaning]) => [Number(code), meaning]);
    expect(rows).toEqual(exitCodes.map(({ code, meaning }) => [code, meaning]));
  });

  it.each(commands.map((command) => [command.name(), command] as const))(
    "names each option of %s, and no other",
    (name, command) => {
      const section = page.split(/^## /m).find((part) => part.startsWith(`sweetspot ${name}`)) ?? "";
      const documented = [...section.matchAll(/^\| `(--[a-z0-9-]+)/gm)].map(([, option]) => option).toSorted();
      const defined = command.options
        .map(({ long }) => long)
        .filter((long) => long !== "--debug")
        .toSorted();
      expect(documented).toEqual(defined);
    },
  );
});

describe("the command line", () => {
  it("prints help with the exit codes to stdout and ends with 0", async () => {
    const { code, out, error } = await recordCli(["tune", "--help"]);
    expect([code, error]).toEqual([0, ""]);
    for (const { code: documented } of exitCodes) expect(out).toMatch(new RegExp(`^ +${documented} `, "m"));
  });

  it.each([
    [["tune"], /missing required argument/],
    [["tune", "m.onnx"], /no latency target/],
    [["tune", "m.onnx", "--p99", "50"], /no duration/],
    [["tune", "m.onnx", "--p99", "50ms", "--variants", "FP8"], /"FP8" is none of/],
    [["tune", "m.onnx", "--p99", "50ms", "--p50", "5ms"], /exactly one/],
    [["tune", "m.onnx", "--p98", "50ms"], /unknown option/],
    [["serve"], /either --model FILE or --plan FILE/],
    [["serve", "--plan", "p.json", "--p99", "5ms"], /target of its own/],
    [["serve", "--plan", "p.json", "--model", "m.onnx"], /--plan FILE alone/],
    [["serve", "--plan", "p.json", "--plan-directory", "d"], /--plan FILE alone/],
    [["serve", "--plan-directory", "d", "--trial", "t"], /Leave out --trial/],
    [["serve", "--model", "m.onnx", "--artifacts", "d"], /Leave out --artifacts/],
    [["serve", "--plan-directory", "d", "--name", "m"], /a name and a target of its own/],
    [["serve", "--model", "m.onnx", "--drain-delay", "2h"], /too long for a delay/],
    [["serve", "--plan", "p.json", "--tokenizer", "t.json"], /a pipeline of its own/],
    [["serve", "--model", "m.onnx", "--pooling", "Mean"], /Give --tokenizer FILE too/],
    [["serve", "--model", "m.onnx", "--tokenizer", "t.json", "--pooling", "mean"], /"mean" is none of None, Mean/],
    [["tune", "m.onnx", "--p99", "50ms", "--deliver", "f", "--json"], /Leave out --json/],
    [["serve", "--upstream", "http://127.0.0.1:9"], /Say with --model NAME/],
    [["serve", "--upstream", "127.0.0.1:9", "--model", "m"], /no address of a model/],
    [
      ["serve", "--upstream", "http://h:1", "--model", "m", "--tokenizer", "t.json"],
      /--model NAME and the target only/,
    ],
    [["serve", "--model", "m.onnx", "--concurrency", "2"], /Give --upstream URL too/],
    [["load", "http://127.0.0.1:1/", "--p99", "5ms"], /either --rate/],
    [["dance"], /unknown command/],
  ])("ends %j with code 2 and nothing on stdout", async (words, expected) => {
    const { code, out, error } = await recordCli(words);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(error).toMatch(expected);
    expect(error).not.toMatch(/^ +at /m);
  });

  it("shows a stack only with --debug", async () => {
    const words = ["tune", "m.onnx", "--p99", "5ms"];
    const plain = await recordCli(words);
    expect(plain.code).toBe(1);
    expect(plain.error).toMatch(/unexpected failed: this test has no tuner/);
    expect(plain.error).not.toMatch(/^ +at /m);
    expect((await recordCli([...words, "--debug"])).error).toMatch(/^ +at /m);
  });
});
