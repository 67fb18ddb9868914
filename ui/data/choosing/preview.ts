import type * as client from '../../../client/preview-file.ts';

export type Preview = client.Preview;
export type PreviewQuestion = Preview['questions'][number];
export type PreviewGuess = Preview['guesses'][number];
export type PreviewColumn = Preview['columns'][number];
export type PreviewCell = Preview['rows'][number][number];
