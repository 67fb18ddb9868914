/** An invalid setting. The message is a sentence for the person who set it. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
