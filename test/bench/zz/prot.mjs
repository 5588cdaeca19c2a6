const before=new Map(); const objs={Promise,Array,Object,Function,Map,Set,Symbol,String,RegExp,Error,JSON,globalThis,"Promise.prototype":Promise.prototype,"Array.prototype":Array.prototype,"Object.prototype":Object.prototype,"Function.prototype":Function.prototype,"ArrayIteratorPrototype":Object.getPrototypeOf([][Symbol.iterator]()), "Error.prototype":Error.prototype};
for (const [k,o] of Object.entries(objs)) before.set(k,new Map(Reflect.ownKeys(o).map(p=>[p,Object.getOwnPropertyDescriptor(o,p)])));
await import("@aigne/core");
for (const [k,o] of Object.entries(objs)) for (const p of Reflect.ownKeys(o)) { const b=before.get(k).get(p), a=Object.getOwnPropertyDescriptor(o,p); if(!b) console.log("added",k,String(p)); else if (a.value!==b.value||a.get!==b.get) console.log("changed",k,String(p)); }
console.log(process.execArgv, (await import("node:v8")).getHeapStatistics().total_heap_size>>20, Error.prepareStackTrace, process._getActiveHandles().length, Error.stackTraceLimit);
const ah=await import("node:async_hooks"); let n=0; console.log(ah.executionAsyncId());
