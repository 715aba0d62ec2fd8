import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { createContext } from "../testing/command-context.ts";
import { buildKubectl } from "./program.ts";

const context = {
  ...createContext(),
  openCluster: () => Promise.reject(new Error("commands are only built here")),
  now: () => 0,
};

describe("docs/kubectl.md", async () => {
  const page = await readFile(new URL("../../../docs/kubectl.md", import.meta.url), "utf8");
  const { commands } = buildKubectl(context);
  const optionsIn = (title: string): string[] => {
    const section = page.split(/^## /m).find((part) => part.startsWith(title)) ?? "";
    return [...section.matchAll(/^\| `(--[a-z0-9-]+)/gm)].map(([, option]) => option ?? "");
  };
  const common = optionsIn("What all commands have in common");

  it.each(commands.map((command) => [command.name(), command] as const))(
    "names each option of %s, and no other",
    (name, command) => {
      const documented = [...common, ...optionsIn(`kubectl sweetspot ${name} `)].toSorted();
      const defined = command.options.map(({ long }) => long).filter((long) => long !== "--debug");
      expect(documented).toEqual(defined.toSorted());
      expect(page).toContain(`## kubectl sweetspot ${name} `);
    },
  );
});
