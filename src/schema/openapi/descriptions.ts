/**
 * The words that `kubectl explain` shows. They are generated at build time beside the bundle (tools/generate-descriptions.ts);
 * without them the documents only lack descriptions. Read when a document is made, and not kept.
 */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { type Descriptions, noDescriptions, type TypeDescription } from "./published.ts";

/** Beside the bundle, beside its chunks' folder, and in development. */
const places = ["descriptions.txt.gz", "../descriptions.txt.gz", "../../../.cache/descriptions.txt.gz"];

/** Reads the file that is there; empty descriptions where none is. */
export async function loadDescriptions(): Promise<Descriptions> {
  for (const place of places) {
    let compressed: Uint8Array;
    try {
      compressed = await readFile(new URL(place, import.meta.url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw error;
    }
    return describe(gunzipSync(compressed).toString("utf8"));
  }
  return noDescriptions;
}

/** Descriptions out of lines of `NAME<tab>JSON`, each parsed when it is asked for. */
function describe(text: string): Descriptions {
  const lines = new Map<string, string>();
  for (const line of text.split("\n")) {
    const tab = line.indexOf("\t");
    lines.set(line.slice(0, tab), line.slice(tab + 1));
  }
  return (typeName): TypeDescription => {
    const line = lines.get(typeName);
    if (line === undefined) return {};
    const { t, f } = JSON.parse(line) as { t?: string; f?: Record<string, string> };
    return { type: t, fields: f };
  };
}
