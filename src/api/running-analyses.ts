import { type Static, Type } from 'typebox';
import { CustomerParams } from './customer-id.ts';
import { nullable } from './values.ts';

const id = Type.String({ format: 'uuid', description: 'In lower case.' });

export const AnalyzeHeaders = Type.Object({
  'thena-analysis-id': Type.Optional(
    Type.String({
      pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
      description: 'A new UUID, under which the analysis is listed and can be cancelled while it runs.',
    }),
  ),
});
export type AnalyzeHeaders = Static<typeof AnalyzeHeaders>;

export const AnalysisParams = Type.Object({
  ...CustomerParams.properties,
  analysis_id: Type.String({ description: 'The ID of a running analysis, case-insensitive.' }),
});
export type AnalysisParams = Static<typeof AnalysisParams>;

export const RunningAnalysis = Type.Object(
  {
    id,
    name: Type.String({ description: 'The name of its type, or `query`.', examples: ['profile'] }),
    started_at: Type.String({ format: 'date-time' }),
    fraction_done: nullable(Type.Number({ minimum: 0, maximum: 1 }), {
      description:
        'Estimated share of the query that is done. Null if it is unknown, or if the analysis waits for others.',
    }),
  },
  { $id: 'RunningAnalysis', title: 'Running analysis' },
);
export type RunningAnalysis = Static<typeof RunningAnalysis>;

export const RunningAnalysisList = Type.Object(
  { items: Type.Array(RunningAnalysis), next_cursor: Type.Null() },
  { $id: 'RunningAnalysisList' },
);
export type RunningAnalysisList = Static<typeof RunningAnalysisList>;
