/** Time zones to choose from: UTC and the reader's own first. */
export function timeZoneChoices(current?: string): readonly { readonly value: string; readonly label: string }[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const first = [...new Set(['UTC', own, ...(current ? [current] : [])])];
  const others = Intl.supportedValuesOf('timeZone').filter((zone) => !first.includes(zone));
  return [...first, ...others].map((value) => ({
    value,
    label: value === own && value !== 'UTC' ? `${value} (yours)` : value.replaceAll('_', ' '),
  }));
}
