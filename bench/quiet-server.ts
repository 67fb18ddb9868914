/** Runs Thena without a log and without metrics, to compare only its routes. Sends its address over the channel. */
import { readConfig } from '../src/config.ts';
import { startServices } from '../src/services.ts';

const [dataDir = ''] = process.argv.slice(2);
const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: dataDir });
const { url, close } = await startServices(config, () => undefined);
process.on('disconnect', () => void close());
process.send?.(url);
