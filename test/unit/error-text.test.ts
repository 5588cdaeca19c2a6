import { expect, test } from "vitest";
import { errorText } from "../../src/error-text.js";

test.each([
  [59_999, "in 60 s."],
  [1, "in 1 s."],
  [0, "now."],
  [-0, "now."],
])("an error that may be tried again after %i ms says so in words", (retryAfterMs, words) => {
  const text = errorText("exhausted", { attempts: 2, skipped: [], retryAfterMs });
  expect(text).toContain(`Worth trying again ${words}`);
});
