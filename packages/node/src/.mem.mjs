const m=()=>{const x=process.memoryUsage(); return Object.entries(x).map(([k,v])=>k+' '+(v/1048576).toFixed(0)).join(' ')}
console.log('empty',m())
const {enableCompileCache}=await import('node:module'); enableCompileCache()
await import('/work/main/packages/kernel/src/index.ts'); console.log('kernel',m())
await import('fastify').catch(()=>0)
await import('/work/main/packages/contract/src/index.ts'); console.log('contract',m())
await import('/work/main/packages/vzfs/src/index.ts'); await import('/work/main/packages/templates/src/index.ts'); console.log('vzfs+templates',m())
await import('/work/main/packages/node/src/compose.ts'); console.log('compose',m())
global.gc?.(); console.log('gc', m())
