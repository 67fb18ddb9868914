/** What Node finds wrong with the certificate of a server: nodejs.org/api/tls.html#x509-certificate-error-codes */
const UNKNOWN_SIGNER =
  /^(?:UNABLE_TO_(?:GET_ISSUER_CERT(?:_LOCALLY)?|VERIFY_LEAF_SIGNATURE)|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT(?:_IN_CHAIN)?)$/;
const OTHER_FAULT =
  /^(?:ERR_TLS_CERT_ALTNAME_INVALID|CERT_[A-Z_]+|CRL_[A-Z_]+|INVALID_(?:CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)$/;
const NO_TLS = 'EPROTO';

/**
 * Why a server was not trusted, if that is why it could not be used: waiting does not help then.
 *
 * @param error of the connection
 * @returns sentences about the server, the first of which continues one; null if something else is wrong
 */
export function certificateRefusal(error: unknown): string | null {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof code !== 'string') return null;
  if (code === NO_TLS) return 'it does not answer with TLS at this port.';
  // Node's own advice follows a semicolon.
  const fault = message.replace(/(?:; if .*|[:. ]+)$/, '');
  if (UNKNOWN_SIGNER.test(code)) {
    return `its certificate is not trusted (${fault}). If your own CA has signed it, set NODE_EXTRA_CA_CERTS to a file with the certificate of the CA.`;
  }
  return OTHER_FAULT.test(code) ? `its certificate is not valid (${fault}).` : null;
}
