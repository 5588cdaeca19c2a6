import type { ChatRequest } from "./types.js";

/** Keys of a schema whose values may be somebody's data. */
const SAMPLES = new Set(["enum", "const", "default", "example", "examples"]);

/** An address, which a server may quote without its percent signs. */
const ADDRESS = /^https?:\/\/[^\s%]{0,2000}%/;

/** The texts of a request, for finding echoes of them in what servers say. Files are left out: nobody echoes those. */
export function promptText(request: ChatRequest): string {
  const texts: string[] = [];
  const visit = (value: unknown, depth: number) => {
    if (typeof value === "string") {
      if (!value.startsWith("data:")) texts.push(value);
      if (ADDRESS.test(value)) texts.push(decoded(value));
    } else if (typeof value === "object" && value !== null && depth < 8) {
      for (const [key, inner] of Object.entries(value)) {
        if (key !== "role" && key !== "type" && key !== "file_data") visit(inner, depth + 1);
      }
    }
  };
  const visitDescriptions = (value: unknown, depth: number) => {
    if (typeof value !== "object" || value === null || depth > 16) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === "description" && typeof inner === "string") texts.push(inner);
      else if (SAMPLES.has(key)) visit(inner, 0);
      else visitDescriptions(inner, depth + 1);
    }
  };
  const { messages, stop, metadata, user, prediction, web_search_options, tools, response_format } = request;
  visit([messages, stop, metadata, user, prediction, web_search_options], -1);
  // Names of tools and properties stay: an error that does not name them helps nobody.
  visitDescriptions([tools, response_format], 0);
  return texts.join("\n");
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}
