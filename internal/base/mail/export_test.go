package mail

import "crypto/x509"

// Trust makes the sender trust these authorities and no other.
func (s *SMTP) Trust(pool *x509.CertPool) { s.tlsConfig.RootCAs = pool }
