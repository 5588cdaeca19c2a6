import { shipJournal } from "../../docs/examples/ship-journal.js";

const [dir = "", url = "", cursorFile = ""] = process.argv.slice(2);
await shipJournal({ dir, url, cursorFile, maxBytes: 4_096, pollMs: 3, retryMs: 10, warn: () => {} });
