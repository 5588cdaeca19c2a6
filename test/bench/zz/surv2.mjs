import { AIGNEContext } from "@aigne/core";
const kinds={
 plain:()=>({x:new Array(100).fill(0)}),
 rs:()=>new ReadableStream({pull(){}},{highWaterMark:0}),
 rsarr:()=>{const x=new Array(100).fill(0); return new ReadableStream({pull(){return x}},{highWaterMark:0});},
 ac:()=>{const c=new AbortController();c.signal; return c},
 acl:()=>{const c=new AbortController();c.signal.addEventListener("abort",()=>{},{once:true}); return c},
 acabort:()=>{const c=new AbortController();c.signal; c.abort(); return c},
 timer:()=>{const t=setTimeout(()=>{},1000); clearTimeout(t); return t},
 ctx:()=>new AIGNEContext(),
 et:()=>new EventTarget(),
};
let keep; for (const [k,f] of Object.entries(kinds)) { for(let i=0;i<3000;i++) keep=f(); keep=0; gc();gc(); await new Promise(r=>setTimeout(r,5)); gc(); const h0=process.memoryUsage().heapUsed; for(let i=0;i<2000;i++) keep=f(); keep=0; const h1=process.memoryUsage().heapUsed; await new Promise(r=>setTimeout(r,5)); for(let i=0;i<3;i++) gc({type:"minor"}); console.log(k,((process.memoryUsage().heapUsed-h0)/2000).toFixed(0),"B each"); }
process.exit();
