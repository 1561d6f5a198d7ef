/**
 * Before anything that has schemas is loaded into the page: its policy lets nothing be compiled from text, and zod
 * would try as soon as it meets a schema.
 */
export async function usesNoCompiler(): Promise<void> {
  const { z } = await import('zod');
  z.config({ jitless: true });
}
