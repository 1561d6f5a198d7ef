import { expect, test } from 'vitest';
import { codeUrl } from '../../site/code.ts';

test('the code is where whoever builds the site says, and nowhere where nobody does', () => {
  expect(codeUrl('https://code.example.org/atlas')).toBe('https://code.example.org/atlas');
  expect([codeUrl(''), codeUrl(undefined)]).toEqual([null, null]);
});

test.each(['code.example.org', 'javascript:alert(1)', 'file:///etc/passwd', 'https://'])(
  '%s is no address of it',
  (given) => {
    expect(() => codeUrl(given)).toThrow(/ATLAS_CODE_URL is .*no address of the web.*https/);
  },
);
