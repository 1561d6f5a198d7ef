/** What Vite makes of such an import: tests reach pages' code that has them. */
declare module '*?url' {
  const url: string;
  export default url;
}
