/**
 * Refuses overused words in everything that people read: sources, comments, messages, tests and documentation.
 * Each word below had several meanings in this project; there is always a plainer, more precise one.
 *
 *   node scripts/check-wording.mjs
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const THIS_FILE = 'scripts/check-wording.mjs';
const TEXT_FILE = /\.(ts|tsx|mjs|js|json|md|yml|yaml|css|html)$|(^|\/)(Dockerfile|run)$/;
const GENERATED = /(^|\/)package-lock\.json$/;

/** Pattern of a refused word or phrase, and what to write instead. */
const REFUSED = [
  [/\b(told|tells?|telling)\b/, 'returns, reports, passed, notified …'],
  [/\bmend(s|ed|ing|able)?\b/, 'fix, correct'],
  [/\bbeside\b/, 'next to, during, in addition to'],
  [/\banew\b/, 'again, from scratch'],
  [/\bwhoever\b/, 'the client, the caller, anyone who'],
  [/\bas it stands\b/, 'as is, unchanged'],
  [/\bby itself\b/, 'on its own, only'],
  [/\bwhat there is\b/, 'the existing …'],
];

/** Lower case, identifiers split into words, line breaks and comment marks removed; as long as needed to find phrases. */
function wordsOf(text) {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .replace(/\n\s*(\*|\/\/|#)\s?/g, '\n')
    .toLowerCase();
}

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8' })
  .split('\0')
  .filter((path) => TEXT_FILE.test(path) && !GENERATED.test(path) && path !== THIS_FILE);

let found = 0;
for (const path of files) {
  let words;
  try {
    words = wordsOf(readFileSync(`${ROOT}${path}`, 'utf8'));
  } catch (error) {
    // Deleted, but not yet committed.
    if (error.code === 'ENOENT') continue;
    throw error;
  }
  for (const [pattern, better] of REFUSED) {
    const anywhere = new RegExp(pattern.source.replaceAll(' ', '\\s+'), 'g');
    for (const match of words.matchAll(anywhere)) {
      const line = words.slice(0, match.index).split('\n').length;
      process.stdout.write(`${path}:${line}: "${match[0].replace(/\s+/g, ' ')}": write ${better}\n`);
      found++;
    }
  }
}
if (found > 0) {
  process.stdout.write(`${found} overused words found.\n`);
  process.exitCode = 1;
}
