import { redact } from "../redaction.js";

/** Characters of a text that is remembered. Models and providers give the same names again and again. */
const NAME_LENGTH = 100;
const MAX_NAMES = 100;

/** Takes these secrets out of texts. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const names = new Map<string, string>();
  return (text) => {
    if (text.length > NAME_LENGTH) return redact(text, { secrets });
    let name = names.get(text);
    if (name === undefined) {
      name = redact(text, { secrets });
      if (names.size >= MAX_NAMES) names.clear();
      names.set(text, name);
    }
    return name;
  };
}
