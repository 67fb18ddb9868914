import assert from 'node:assert/strict';
import { it } from 'node:test';
import type * as analysis from '../../src/analysis/analyze-types.ts';
import { ANALYZE_TYPES } from '../../src/analysis/analyze-types.ts';
import type * as buckets from '../../src/analysis/bucket-names.ts';
import { BUCKET_NAMES } from '../../src/analysis/bucket-names.ts';
import { MEASURES } from '../../src/analysis/plan-query.ts';
import { AnalyzeTypeName, PARAMETERS } from '../../src/api/analyze-types.ts';
import type { ColumnType, DeclaredType } from '../../src/api/columns.ts';
import type { KeyRight } from '../../src/api/keys.ts';
import { ErrorCode } from '../../src/api/problems.ts';
import { BucketName, MeasureFunction } from '../../src/api/queries.ts';
import type { RejectionCode } from '../../src/api/rejected-rows.ts';
import { ExportFormat } from '../../src/api/rows.ts';
import type { UploadOptions } from '../../src/api/upload-options.ts';
import type { UploadStatus } from '../../src/api/uploads.ts';
import type * as key from '../../src/catalog/api-key.ts';
import type * as upload from '../../src/catalog/upload.ts';
import type * as options from '../../src/catalog/upload-options.ts';
import { ERRORS } from '../../src/errors.ts';
import type * as column from '../../src/model/columns.ts';
import type * as rejected from '../../src/model/rejected-row.ts';
import type * as plan from '../../src/table-store/query-plan.ts';
import { EXPORT_FORMATS } from '../../src/table-store/table-store.ts';

/** `true` if the two types allow the same values, which the compiler checks. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** The closed lists of the API, each compared with the one in the code that it mirrors. */
const SAME: readonly true[] = [
  true satisfies Same<UploadStatus, upload.UploadStatus>,
  true satisfies Same<UploadOptions['on_error'], options.UploadOptions['onError']>,
  true satisfies Same<UploadOptions['duplicates'], options.UploadOptions['duplicates']>,
  true satisfies Same<RejectionCode, rejected.RejectionCode>,
  true satisfies Same<ColumnType, column.ColumnType>,
  true satisfies Same<DeclaredType, column.LogicalType>,
  true satisfies Same<KeyRight, key.KeyRight>,
  true satisfies Same<AnalyzeTypeName, analysis.AnalyzeTypeName>,
  true satisfies Same<BucketName, buckets.BucketName>,
  true satisfies Same<MeasureFunction, plan.MeasureFunction>,
  true satisfies Same<ErrorCode, keyof typeof ERRORS>,
];

it('lists the same values in the API and in the code, in the same order', () => {
  assert.equal(SAME.length, 11);
  assert.deepEqual(
    AnalyzeTypeName.enum,
    ANALYZE_TYPES.map(({ name }) => name),
  );
  assert.deepEqual(Object.keys(PARAMETERS), AnalyzeTypeName.enum);
  assert.deepEqual(BucketName.enum, BUCKET_NAMES);
  assert.deepEqual(MeasureFunction.enum, MEASURES);
  assert.deepEqual(ErrorCode.enum, Object.keys(ERRORS));
  assert.deepEqual(ExportFormat.enum, EXPORT_FORMATS);
});
