import { useMutation, useQueryClient } from '@tanstack/react-query';
import { isProblem } from '../../client/thena-problem.ts';
import type { Upload } from '../../src/api/uploads.ts';
import { client } from './client.ts';
import { customersKey } from './customers.ts';
import { SAMPLE_CUSTOMER, sampleFile } from './sample-file.ts';

/** Creates the customer of the sample, if it does not exist, and uploads the file. */
export function useSampleUpload() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (): Promise<Upload> => {
      await client.createCustomer({ customer_id: SAMPLE_CUSTOMER }).catch((error: unknown) => {
        if (!isProblem(error, 'customer_exists')) throw error;
      });
      const upload = await client.upload(SAMPLE_CUSTOMER, sampleFile(), { options: { duplicates: 'reject' } });
      return client.waitForEnd(upload.id);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: customersKey }),
  });
}
