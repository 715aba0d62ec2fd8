import { readFile } from "node:fs/promises";
import { DoctorCheck, DoctorReport } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { doctorLines, doctorTable, wrap } from "./doctor-table.ts";

const file = new URL("../../crds/samples/DoctorReport.json", import.meta.url);
const report = DoctorReport.parse(JSON.parse(await readFile(file, "utf8")));

describe("the findings", () => {
  it("are wrapped to the width of the terminal, with what to do under an arrow", () => {
    const lines = doctorTable(report, 72).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(72);
    expect(lines[0]).toBe("EngineVersion    good           onnxruntime-node 1.30.0, as pinned.");
    expect(lines[1]).toMatch(/^BusyNeighbours {3}advice {9}The usable CPUs were 17.3 % busy/);
    expect(lines.find((line) => line.includes("->"))).toMatch(/^ {32}-> Stop them/);
    expect(lines.at(-1)).toBe("0 problem, 1 advice, 1 good, 0 unknown, 0 not applicable.");
  });

  it("are one line each elsewhere, and no text in them steers a terminal", () => {
    const evil = "\u001b[2Jname\nsecond line";
    const findings = report.findings.map((finding) => ({ ...finding, state: "Problem" as const, sentence: evil }));
    const lines = doctorLines({ ...report, findings }).split("\n");
    expect(lines).toHaveLength(findings.length + 1);
    expect(lines.join("")).not.toContain("\u001b");
    expect(lines[1]).toMatch(/^Problem BusyNeighbours: .*name second line Next: Stop them/);
    expect(lines.at(-1)).toContain("2 problem, 0 advice, 0 good");
    expect(lines.at(-1)).toContain("Problems: EngineVersion, BusyNeighbours.");
  });
});

describe("wrapping", () => {
  it("breaks at spaces only and loses nothing", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("a verylongword b", 4)).toEqual(["a", "verylongword", "b"]);
  });
});

describe("docs/doctor.md", () => {
  it("holds a line about each check, and about no other, in the order of the findings", async () => {
    const page = await readFile(new URL("../../docs/doctor.md", import.meta.url), "utf8");
    const section = page.split(/^## /m).find((part) => part.startsWith("Checks")) ?? "";
    const documented = Array.from(section.matchAll(/^\| `([A-Za-z]+)` /gm), ([, check]) => check);
    expect(documented).toEqual(DoctorCheck.options);
  });
});
