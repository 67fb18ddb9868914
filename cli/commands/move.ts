import { type Command, Option } from 'commander';
import type { Cli } from '../cli.ts';
import { runServerProgram } from '../run-server-program.ts';

export function define(command: Command, cli: Cli): void {
  command
    .addOption(new Option('--from <folder>', 'move the data of a data folder into the cluster').conflicts('to'))
    .option('--to <folder>', 'move the data of the cluster into a data folder')
    .addHelpText(
      'after',
      '\nThe cluster is that of the environment variables THENA_DATABASE_URL, THENA_CLICKHOUSE_URL, THENA_CLICKHOUSE_CLUSTER and\nTHENA_SPOOL_URL. No Thena may be running on either side. The source is not changed. See docs/cluster.md.',
    )
    .action(
      cli.runs(({ from, to }: { readonly from?: string; readonly to?: string }) => {
        if (from === undefined && to === undefined) command.error('error: one of --from and --to is required');
        const args = from === undefined ? ['--to', to ?? ''] : ['--from', from];
        return runServerProgram(cli, 'move-main', { args });
      }),
    );
}
