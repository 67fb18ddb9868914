/**
 * The English of the reader, or any: the page is in English, and figures and dates in the style of another language would be read
 * differently next to it.
 */
export const LOCALE = navigator.languages.find(isEnglish) ?? 'en';

function isEnglish(tag: string): boolean {
  try {
    return new Intl.Locale(tag).language === 'en';
  } catch {
    // Where the locale of the system is POSIX, Chromium has the language "en-US@posix".
    return false;
  }
}
