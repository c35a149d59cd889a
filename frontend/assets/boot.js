// Starts the console: the names are in a <meta>, since an inline script would need a hole in the content security policy.
const { js, wasm } = document.querySelector('meta[name="berth-app"]').dataset;
await (await import(js)).default({ module_or_path: wasm });
