package account_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

var b64 = base64.RawURLEncoding

// device is an authenticator made of software, with what a wrong or hostile one may change.
type device struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	id     []byte
	owner  []byte
	count  uint32
	origin string
	rp     string
	flags  byte // user present 1, verified 4, may be copied 8
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, key: key, id: make([]byte, 32), origin: "http://localhost", rp: "localhost", flags: 1 | 4}
	rand.Read(d.id)
	return d
}

func (d *device) must(v any, err error) []byte {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	raw, isBytes := v.([]byte)
	if !isBytes {
		d.t.Fatalf("%T", v)
	}
	return raw
}

func (d *device) encode(v any) []byte { d.t.Helper(); return d.must(cbor.Marshal(v)) }

func (d *device) client(kind, challenge string) []byte {
	d.t.Helper()
	return d.must(json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false}))
}

func (d *device) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(d.rp))
	return binary.BigEndian.AppendUint32(append(rp[:], flags), d.count)
}

// make answers a page's options with a new key.
func (d *device) make(options string) string {
	d.t.Helper()
	var o struct {
		Challenge string
		User      struct{ ID string }
	}
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		d.t.Fatalf("%v in %q", err, options)
	}
	d.owner = d.must(b64.DecodeString(o.User.ID))
	point := d.must(d.key.PublicKey.Bytes())
	data := append(d.data(d.flags|0x40), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	data = append(data, d.encode(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})...)
	object := d.encode(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	return d.answer(map[string]string{"clientDataJSON": b64.EncodeToString(d.client("webauthn.create", o.Challenge)),
		"attestationObject": b64.EncodeToString(object)})
}

// sign answers a challenge.
func (d *device) sign(options string) string {
	d.t.Helper()
	var o struct{ Challenge, UserVerification string }
	if err := json.Unmarshal([]byte(options), &o); err != nil || o.UserVerification != "required" {
		d.t.Fatalf("%v in %q", err, options)
	}
	if d.count > 0 {
		d.count++
	}
	client, data := d.client("webauthn.get", o.Challenge), d.data(d.flags)
	digest := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte(nil), data...), digest[:]...))
	return d.answer(map[string]string{"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
		"signature": b64.EncodeToString(d.must(ecdsa.SignASN1(rand.Reader, d.key, sum[:]))), "userHandle": b64.EncodeToString(d.owner)})
}

func (d *device) answer(response map[string]string) string {
	d.t.Helper()
	return string(d.must(json.Marshal(map[string]any{"id": b64.EncodeToString(d.id), "rawId": b64.EncodeToString(d.id), "type": "public-key",
		"response": response, "clientExtensionResults": map[string]any{}})))
}
