import { z } from "zod";
import { optionsError, type TargetPath } from "./option-error.js";
import { optionSchema, sinkSchema } from "./option-schema.js";

/** @throws OptionsError that names the first wrong option and its value. */
export function checkOptions(options: { audit?: unknown }, targetPath: TargetPath): void {
  const result = optionSchema.safeParse(options);
  if (!result.success) throw optionsError(result.error, options, { targetPath });
  if (!Array.isArray(options.audit)) return;
  const sinks = z.array(sinkSchema).safeParse(options.audit);
  if (!sinks.success) throw optionsError(sinks.error, options.audit, { targetPath, prefix: "audit" });
}
