/** wrangler compiles a .wasm import ahead of time: workerd compiles no bytes at run time. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

/**
 * Named in full because the package declares it as the instance's exports, which is what a browser's bundler makes of
 * it.
 */
declare module '@jsquash/png/codec/pkg/squoosh_png_bg.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
