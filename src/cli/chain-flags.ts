import type { TargetPath } from "../option-error.js";
import type { FallbackChainOptions } from "../options.js";
import type { ProviderFlags } from "./provider.js";

/** What `chat` and `explain` have in common: whom to ask, and for how long. */
export interface ChainFlags extends ProviderFlags {
  model: string;
  fallback: string[];
  firstTokenMs?: number | false;
  totalMs?: number | false;
}

export function chainOptionsOf(flags: ChainFlags): Pick<FallbackChainOptions, "targets" | "timeouts"> {
  const { model, fallback, firstTokenMs, totalMs } = flags;
  return {
    targets: [model, ...fallback],
    timeouts: {
      ...(firstTokenMs !== undefined && { firstTokenMs }),
      ...(totalMs !== undefined && { totalMs }),
    },
  };
}

/** An error names the flag. */
export const targetPath: TargetPath = (i) => (i === 0 ? "--model" : `--fallback (number ${i})`);
