import { expect, test } from "vitest";
import { parseCommandLine, UsageError } from "./options.ts";

test("reads a command with its options in any order", () => {
  const line = parseCommandLine(["--name", "x", "up", "--nodes", "2", "--label", "a=b=c", "--label", "d="]);
  expect(line).toMatchObject({ command: "up", name: "x", nodes: 2, provider: "local", labels: { a: "b=c", d: "" } });
});

test("passes everything after -- to the command that is run", () => {
  const line = parseCommandLine(["exec", "--name", "x", "--", "kubectl", "get", "pods", "--all-namespaces"]);
  expect(line).toMatchObject({ name: "x", rest: ["kubectl", "get", "pods", "--all-namespaces"] });
});

test("shows help without a command and when asked", () => {
  expect(parseCommandLine([]).command).toBe("help");
  expect(parseCommandLine(["up", "--help"]).command).toBe("help");
});

test.each([
  [["fly"], /"fly" is no command/],
  [["up", "--nodes", "3"], /--nodes takes 1 or 2/],
  [["up", "--provider", "cloud"], /--provider takes/],
  [["up", "--label", "=x"], /--label takes KEY=VALUE/],
  [["up", "--colour"], /--colour/],
  [["up", "now"], /does not take "now"/],
  [["load"], /load takes one archive/],
  [["exec"], /exec takes a command/],
])("refuses %j", (args, message) => {
  expect(() => parseCommandLine(args)).toThrow(UsageError);
  expect(() => parseCommandLine(args)).toThrow(message);
});
