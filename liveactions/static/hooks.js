async function t(t,a){let o=document.querySelector("script[data-live]");(await((o&&await(import(o.src)))?.loadLazy()))?.hook(t,a)}export{t as hook};
