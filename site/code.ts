/** Where the code is: whoever builds the site for the public knows its address (ATLAS_CODE_URL). */

/** @throws Error for what is no address of the web */
export function codeUrl(given: string | undefined = process.env.ATLAS_CODE_URL): string | null {
  if (!given) return null;
  const url = URL.parse(given);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Error(
      `ATLAS_CODE_URL is ${JSON.stringify(given)}, which is no address of the web. Give one that begins with https://, or leave it out.`,
    );
  return url.href;
}
