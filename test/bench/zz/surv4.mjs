const kinds={
 sig:()=>new AbortController().signal,
 sigx:()=>{const s=new AbortController().signal; s.x=new Array(1000).fill(0); return s;},
 sigy:()=>{const c=new AbortController(); const x=new Array(1000).fill(0); c.signal.onabort=()=>x; return c;},
 sigl:()=>{const c=new AbortController(); const x=new Array(1000).fill(0); c.signal.addEventListener("abort",()=>x); return c;},
 rs:()=>{const x=new Array(1000).fill(0); return new ReadableStream({pull(){return x}},{highWaterMark:0});},
};
let keep; for (const [k,f] of Object.entries(kinds)) { for(let i=0;i<3000;i++) keep=f(); keep=0; gc();gc(); await new Promise(r=>setTimeout(r,5)); gc(); const r=[]; for (const N of [2000,5000]) { const h0=process.memoryUsage().heapUsed; for(let i=0;i<N;i++) keep=f(); keep=0; await new Promise(r=>setTimeout(r,5)); for(let i=0;i<3;i++) gc({type:"minor"}); r.push(((process.memoryUsage().heapUsed-h0)/N).toFixed(0)); } console.log(k,r.join(" "),"B each"); }
process.exit();
