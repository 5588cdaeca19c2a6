import { fork } from "node:child_process"; import { bundle } from "/work/main/test/support/run-bundled.mjs";
import { createParser } from "eventsource-parser"; import { Agent, request } from "undici"; import net from "node:net";
const srv = await bundle("../bench/server");
const server = fork(srv, [], { stdio: ["ignore","inherit","inherit","ipc"], execArgv: [] });
const port = await new Promise(r => server.once("message", r));
const mode=process.argv[2]; const base=`http://127.0.0.1:${port}/e2000-0-none/api/v1/chat/completions`;
const dispatcher=new Agent(); const body='{"x":1}';
const H={ dispatcher, method:"POST", body, headers:{"content-type":"application/json"} };
const handlers={
 async drop(){ const {body}=await request(base,H); for await (const b of body); },
 async decode(){ const {body}=await request(base,H); const d=new TextDecoder(); let n=0; for await (const b of body) n+=d.decode(b,{stream:true}).length; },
 async latin(){ const {body}=await request(base,H); let n=0; for await (const b of body) n+=b.latin1Slice(0,b.length).length; },
 async floor(){ const {body}=await request(base,H); let text=""; const p=createParser({onEvent({data}){ if(data==="[DONE]")return; const c=JSON.parse(data).choices[0]?.delta?.content; if(c) text+=c; }}); const d=new TextDecoder(); for await (const b of body) p.feed(d.decode(b,{stream:true})); },
 disp(){ return new Promise((ok,no)=>{ let n=0; dispatcher.dispatch({origin:`http://127.0.0.1:${port}`,path:"/e2000-0-none/api/v1/chat/completions",method:"POST",body},{onConnect(){},onHeaders(){return true},onData(c){n+=c.length;return true},onComplete(){ok()},onError:no}); }); },
 dispdec(){ return new Promise((ok,no)=>{ let n=0; dispatcher.dispatch({origin:`http://127.0.0.1:${port}`,path:"/e2000-0-none/api/v1/chat/completions",method:"POST",body},{onConnect(){},onHeaders(){return true},onData(c){n+=c.latin1Slice(0,c.length).length;return true},onComplete(){ok()},onError:no}); }); },
 dispbig(){ return new Promise((ok,no)=>{ let n=0; let q=[],sz=0,sch=false; dispatcher.dispatch({origin:`http://127.0.0.1:${port}`,path:"/e2000-0-none/api/v1/chat/completions",method:"POST",body},{onConnect(){},onHeaders(){return true},onData(c){q.push(c);sz+=c.length; if(!sch){sch=true;queueMicrotask(()=>{sch=false; const b=Buffer.concat(q,sz); q=[];sz=0; n+=b.latin1Slice(0,b.length).length;});} return true},onComplete(){ok()},onError:no}); }); },
 net(){ return new Promise((ok,no)=>{ const s=net.connect(port,"127.0.0.1"); s.write("POST /e2000-0-none/api/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"); s.on("data",b=>{ if(b.subarray(-5).toString()==="0\r\n\r\n"){ s.destroy(); ok(); } }); s.on("error",no); }); },
 netdec(){ return new Promise((ok,no)=>{ const s=net.connect(port,"127.0.0.1"); s.write("POST /e2000-0-none/api/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"); s.on("data",b=>{ const t=b.latin1Slice(0,b.length); if(t.endsWith("0\r\n\r\n")){ s.destroy(); ok(); } }); s.on("error",no); }); },
};
const M=x=>(x/1048576).toFixed(0);
await handlers[mode]();
for(let k=0;k<2;k++){ const r0=process.memoryUsage().rss; let ab=0; const tick=setInterval(()=>{ab=Math.max(ab,process.memoryUsage().arrayBuffers)},10); const c=process.cpuUsage(); console.log("BEGIN");
await Promise.all(Array.from({length:200},()=>handlers[mode]())); console.log("END"); const d=process.cpuUsage(c);
clearInterval(tick); console.log(mode,"rss+",M(process.memoryUsage().rss-r0),"ab max",M(ab),"heapTotal",M(process.memoryUsage().heapTotal),"cpu/ev",((d.user+d.system)/4e5).toFixed(2)); }
process.exit();
