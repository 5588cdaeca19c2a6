import type { ComponentChildren } from "preact";
import { Mark } from "./icons.js";

/** Instead of the page, when it cannot be shown. */
export function Message({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="message">
      <div role="alert">
        <Mark />
        <h1>{title}</h1>
        <p>{children}</p>
      </div>
    </main>
  );
}
