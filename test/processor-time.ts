/** Processor time in milliseconds that this process has spent on some work, which does not grow if the machine has much else to do. */
export async function processorMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  return process.cpuUsage(before).user / 1000;
}
