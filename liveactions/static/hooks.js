async function t(t,o){let a=document.querySelector("script[data-live]");(await((a&&await(import(a.src)))?.loadMore()))?.hook(t,o)}export{t as hook};
