/**
 * Before anything that has schemas is loaded into the page: its policy lets nothing be compiled from text, and zod
 * would try as soon as it meets a schema.
 */
export async function usesNoCompiler(): Promise<void> {
  // All of zod would come with the words of forty languages.
  const { config } = await import('zod/v4/core');
  config({ jitless: true });
}
