/** How a character looks; colours are the numbers of the ANSI palette, 0–15. */
export interface Style {
  bold: boolean;
  dim: boolean;
  strike: boolean;
  color: number | undefined;
}

export interface Cell extends Style {
  char: string;
}

const PLAIN: Style = { bold: false, dim: false, strike: false, color: undefined };

/**
 * The part of a terminal that the command uses: SGR, cursor up and down, erase to the end of the line, wrapping at
 * the last column, scrolling. Anything else makes it throw, so that a test notices. Wide characters count as one.
 */
export class Screen {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** Every line since the beginning; the last `rows` of them are within reach. */
  readonly lines: Cell[][] = [[]];
  /** Everything written, as it was. */
  raw = "";
  #row = 0;
  #column = 0;
  #style = PLAIN;

  constructor({ columns = 96, rows = 40 }: { columns?: number; rows?: number } = {}) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.raw += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    for (const [token, body] of text.matchAll(/\x1b\[([0-9;?]*[A-Za-z])|[\s\S]/gu)) {
      if (body !== undefined) this.#control(body);
      else this.#put(token);
    }
    return true;
  }

  /** What a person reads. */
  get text(): string[] {
    return this.lines.map((line) =>
      line
        .map(({ char }) => char)
        .join("")
        .trimEnd(),
    );
  }

  #put(char: string): void {
    if (char === "\n") this.#down();
    if (char === "\n" || char === "\r") {
      this.#column = 0;
      return;
    }
    if (char < " ") throw new Error(`control character ${JSON.stringify(char)}`);
    if (this.#column >= this.columns) {
      this.#down();
      this.#column = 0;
    }
    const line = this.lines[this.#row]!;
    while (line.length < this.#column) line.push({ char: " ", ...PLAIN });
    line[this.#column++] = { char, ...this.#style };
  }

  #down(): void {
    this.#row++;
    this.lines[this.#row] ??= [];
  }

  #control(body: string): void {
    const count = Number.parseInt(body, 10) || 1;
    switch (body.at(-1)) {
      case "A":
        // The cursor stops at the upper edge.
        this.#row = Math.max(0, this.lines.length - this.rows, this.#row - count);
        return;
      case "B":
        this.#row = Math.min(this.lines.length - 1, this.#row + count);
        return;
      case "K":
        this.lines[this.#row]!.length = Math.min(this.lines[this.#row]!.length, this.#column);
        return;
      case "m":
        for (const code of body.slice(0, -1).split(";")) this.#sgr(Number(code));
        return;
    }
    throw new Error(`escape sequence ${JSON.stringify(body)}`);
  }

  #sgr(code: number): void {
    const style = { ...this.#style };
    if (code === 0) Object.assign(style, PLAIN);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 29) style.strike = false;
    else if (code >= 30 && code <= 37) style.color = code - 30;
    else if (code === 39) style.color = undefined;
    else if (code >= 90 && code <= 97) style.color = code - 82;
    else throw new Error(`SGR ${code}`);
    this.#style = style;
  }
}
