const P={}; class E2 extends EventTarget{}
const kinds={
 plain:()=>({x:1}),
 sp:()=>Object.setPrototypeOf({x:1},P),
 et:()=>new EventTarget(),
 etsub:()=>new E2(),
 etsp:()=>Object.setPrototypeOf(new EventTarget(),P),
 map:()=>new Map(), set1:()=>new Set([1]),
 ctl:()=>new AbortController(),
 sig:()=>new AbortController().signal,
};
let keep; for (const [k,f] of Object.entries(kinds)) { for(let i=0;i<30000;i++) keep=f(); keep=0; gc();gc(); await new Promise(r=>setTimeout(r,5)); gc(); const r=[]; for (const N of [2000,20000]) { const h0=process.memoryUsage().heapUsed; for(let i=0;i<N;i++) keep=f(); keep=0; await new Promise(r=>setTimeout(r,5)); for(let i=0;i<3;i++) gc({type:"minor"}); r.push(((process.memoryUsage().heapUsed-h0)/N).toFixed(0)); } console.log(k,r.join(" "),"B each"); }
process.exit();
