import type { ChatRequest } from "./types.js";

/** The texts of a request, for finding echoes of them in what servers say. Files are left out: nobody echoes those. */
export function promptText(request: ChatRequest): string {
  const texts: string[] = [];
  const visit = (value: unknown, depth: number) => {
    if (typeof value === "string") {
      if (!value.startsWith("data:")) texts.push(value);
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
      else visitDescriptions(inner, depth + 1);
    }
  };
  const { messages, stop, metadata, user, tools, response_format } = request;
  visit([messages, stop, metadata, user], -1);
  // Names of tools and properties stay: an error that does not name them helps nobody.
  visitDescriptions([tools, response_format], 0);
  return texts.join("\n");
}
