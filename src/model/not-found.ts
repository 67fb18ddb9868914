import { Problem } from '../errors.ts';

/** Customers that do not exist and customers that the caller may not see get the same answer. */
export function customerNotFound(customerId: string): Problem {
  return new Problem('customer_not_found', `Customer '${customerId}' does not exist.`);
}

/** Uploads that do not exist and uploads that the caller may not see get the same answer. */
export function uploadNotFound(uploadId: string): Problem {
  return new Problem('upload_not_found', `Upload '${uploadId}' does not exist.`);
}

/** Webhooks that do not exist and webhooks of other customers get the same answer. */
export function webhookNotFound(webhookId: string): Problem {
  return new Problem('webhook_not_found', `Webhook '${webhookId}' does not exist.`);
}

/** The customer exists, its table does not: it appears when the first upload is complete. */
export function tableEmpty(customerId: string): Problem {
  return new Problem('table_empty', `Customer '${customerId}' has no complete upload.`);
}
