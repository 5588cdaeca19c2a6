import { z } from "zod";
import { optionsError, type TargetPath } from "./option-error.js";
import { optionSchema, sinkSchema, telemetrySchema } from "./option-schema.js";

/** @throws OptionsError that names the first wrong option and its value. */
export function checkOptions(
  options: { audit?: unknown; telemetry?: unknown },
  targetPath: TargetPath,
): void {
  const result = optionSchema.safeParse(options);
  if (!result.success) throw optionsError(result.error, options, { targetPath });
  checkList("audit", options.audit, sinkSchema);
  checkList("telemetry", options.telemetry, telemetrySchema);
}

function checkList(prefix: string, list: unknown, schema: z.ZodTypeAny): void {
  if (!Array.isArray(list)) return;
  const result = z.array(schema).safeParse(list);
  if (!result.success) throw optionsError(result.error, list, { prefix });
}
