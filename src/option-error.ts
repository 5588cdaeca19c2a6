import type { z } from "zod";
import { OptionsError } from "./errors.js";
import { redact } from "./redaction.js";

/** Where a target stands in the user's own options. */
export type TargetPath = (index: number) => string;

/** The first thing that zod found wrong, as an error that names option and value. */
export function optionsError(
  error: z.ZodError,
  input: unknown,
  { prefix = "", targetPath }: { prefix?: string; targetPath?: TargetPath } = {},
): OptionsError {
  const issue = deepest(error.issues[0]!);
  const path = pathText(issue.path, targetPath, prefix);
  if (issue.code === "unrecognized_keys") {
    const where = path === "" ? "" : `${path}.`;
    return new OptionsError(
      `${where}${issue.keys[0]} is not an option here, got ${show(at(input, [...issue.path, issue.keys[0]!]), issue.keys[0])}`,
    );
  }
  const message =
    issue.code === "invalid_type"
      ? `must be ${issue.expected === "array" ? "a list" : `an ${issue.expected}`}`
      : issue.message;
  const name = String(issue.path.at(-1));
  const shown = show(at(input, issue.path), /key$|secret|password|credential/i.test(name) ? name : "");
  return new OptionsError(`${path} ${message}, got ${shown}`);
}

/** Of a union, the branch that came furthest into the value is the one the user meant. */
function deepest(issue: z.ZodIssue): z.ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const issues = issue.unionErrors.flatMap((error) => error.issues).map(deepest);
  return issues.reduce((a, b) => (b.path.length > a.path.length || b.code === "unrecognized_keys" ? b : a));
}

function pathText(
  path: readonly (string | number)[],
  targetPath: TargetPath | undefined,
  prefix: string,
): string {
  if (targetPath && path[0] === "targets" && typeof path[1] === "number")
    return join(targetPath(path[1]), path.slice(2));
  return join(prefix, path);
}

function join(start: string, path: readonly (string | number)[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" || text.endsWith(" ") ? `${text}${key}` : `${text}.${key}`;
  }, start);
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key],
    value,
  );
}

/** What may be said of a value: a key that was put in the wrong place must not end up in a log. */
function show(value: unknown, name = ""): string {
  if (/key|token|secret|password|auth|credential/i.test(name)) return "a value that is not shown";
  if (typeof value === "string") {
    const text = redact(value, { secrets: [] });
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  }
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
