async function a(a,t){let o=document.querySelector("script[data-live]");await((await((o&&await(import(o.src)))?.loadLazy()))?.hook(a,t))}export{a as hook};
