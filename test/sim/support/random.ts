export type Random = () => number;

/**
 * Numbers in [0, 1) for one purpose: equal seeds and purposes give equal sequences, and a draw more for one purpose
 * moves no other's (sfc32 by Chris Doty-Humphrey, its state filled by FNV-1a over seed and purpose).
 */
export function stream(seed: number, purpose: string): Random {
  let a = hash(`${seed}/a/${purpose}`);
  let b = hash(`${seed}/b/${purpose}`);
  let c = hash(`${seed}/c/${purpose}`);
  let counter = 1;
  const next = () => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return (t >>> 0) / 4_294_967_296;
  };
  // The first outputs still show how alike the seeds are.
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Of mean `mean`. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** Of median `median`; `sigma` is the standard deviation of its logarithm. */
export function lognormal(random: Random, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(sigma * normal);
}

function hash(text: string): number {
  let value = 2_166_136_261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16_777_619);
  return value | 0;
}
