package seal

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/mod/sumdb/note"
)

// Keyring is the system's own keys, opened: they live in memory only.
type Keyring struct {
	Master  Master
	Journal Key // wraps the journal key of each subject; seals entries that concern no person
	Index   Key // blind indexes
	Label   Key // free text of administrators, such as the label of a token

	Log     note.Signer   // signs checkpoints and promises (Ed25519)
	LogKey  string        // its public half, as a C2SP verifier key
	Checker note.Verifier // the same, parsed
	Sign    jose.Signer   // signs receipts and confirmations (ES256)
	JWKS    *jose.JSONWebKeySet
}

// Secret is a system secret as the store keeps it.
type Secret struct {
	Name    string
	Wrapped []byte
}

// Names of the system secrets.
const (
	secretJournal = "journal"
	secretIndex   = "index"
	secretLabel   = "label"
	secretLog     = "log-key"
	secretSign    = "sign-key"
)

// NewSecrets makes the secrets of a new installation, wrapped by the master.
func NewSecrets(m Master) ([]Secret, error) {
	var out []Secret
	for _, name := range []string{secretJournal, secretIndex, secretLabel} {
		w, err := m.Wrap(NewKey(), Place("secret", []byte(name)))
		if err != nil {
			return nil, fmt.Errorf("wrap %s: %w", name, err)
		}
		out = append(out, Secret{name, w})
	}
	id := make([]byte, 8)
	rand.Read(id) //nolint:errcheck // never fails, see NewKey
	skey, _, err := note.GenerateKey(rand.Reader, "kelisim/"+hex.EncodeToString(id))
	if err != nil {
		return nil, fmt.Errorf("make the log's key: %w", err)
	}
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the signing key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("encode the signing key: %w", err)
	}
	for name, text := range map[string][]byte{secretLog: []byte(skey), secretSign: der} {
		sealed, err := sealSecret(m, name, text)
		if err != nil {
			return nil, err
		}
		out = append(out, Secret{name, sealed})
	}
	return out, nil
}

// sealSecret seals a secret of any length: the master wraps only keys.
func sealSecret(m Master, name string, text []byte) ([]byte, error) {
	k := NewKey()
	place := Place("secret", []byte(name))
	w, err := m.Wrap(k, place)
	if err != nil {
		return nil, fmt.Errorf("wrap %s: %w", name, err)
	}
	out := append([]byte{byte(len(w))}, w...) //nolint:gosec // the master that there is wraps a key in 60 bytes
	return k.Seal(out, text, place), nil
}

func openSecret(m Master, name string, sealed []byte) ([]byte, error) {
	if len(sealed) < 1 || len(sealed) < 1+int(sealed[0]) {
		return nil, ErrOpen
	}
	place := Place("secret", []byte(name))
	k, err := m.Unwrap(sealed[1:1+int(sealed[0])], place)
	if err != nil {
		return nil, err
	}
	return k.Open(sealed[1+int(sealed[0]):], place)
}

// OpenKeyring opens the secrets of an installation with its master key.
func OpenKeyring(m Master, secrets []Secret) (*Keyring, error) {
	byName := map[string][]byte{}
	for _, s := range secrets {
		byName[s.Name] = s.Wrapped
	}
	r := &Keyring{Master: m}
	for name, dst := range map[string]*Key{secretJournal: &r.Journal, secretIndex: &r.Index, secretLabel: &r.Label} {
		k, err := m.Unwrap(byName[name], Place("secret", []byte(name)))
		if err != nil {
			return nil, fmt.Errorf("open the secret %q: is this the master key of this database? %w", name, err)
		}
		*dst = k
	}
	if err := r.openLog(byName[secretLog]); err != nil {
		return nil, err
	}
	return r, r.openSign(byName[secretSign])
}

func (r *Keyring) openLog(sealed []byte) error {
	text, err := openSecret(r.Master, secretLog, sealed)
	if err != nil {
		return fmt.Errorf("open the log's key: %w", err)
	}
	if r.Log, err = note.NewSigner(string(text)); err != nil {
		return fmt.Errorf("read the log's key: %w", err)
	}
	if r.LogKey, err = verifierKey(string(text)); err != nil {
		return err
	}
	if r.Checker, err = note.NewVerifier(r.LogKey); err != nil {
		return fmt.Errorf("read the log's public key: %w", err)
	}
	return nil
}

var errLogKey = errors.New("the log's key has an unknown form")

// verifierKey derives the public key from the text of note's signer key:
// PRIVATE+KEY+name+hash+base64(algorithm, seed).
func verifierKey(skey string) (string, error) {
	parts := strings.SplitN(skey, "+", 5)
	if len(parts) != 5 {
		return "", errLogKey
	}
	name, hash, b64 := parts[2], parts[3], parts[4]
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", errLogKey
	}
	pub, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errLogKey
	}
	return fmt.Sprintf("%s+%s+%s", name, hash, base64.StdEncoding.EncodeToString(append([]byte{raw[0]}, pub...))), nil
}

func (r *Keyring) openSign(sealed []byte) error {
	der, err := openSecret(r.Master, secretSign, sealed)
	if err != nil {
		return fmt.Errorf("open the signing key: %w", err)
	}
	priv, err := x509.ParseECPrivateKey(der)
	if err != nil {
		return fmt.Errorf("read the signing key: %w", err)
	}
	pub, err := x509.MarshalPKIXPublicKey(&priv.PublicKey)
	if err != nil {
		return fmt.Errorf("read the signing key: %w", err)
	}
	sum := sha256.Sum256(pub)
	kid := hex.EncodeToString(sum[:8])
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: priv, KeyID: kid}}
	if r.Sign, err = jose.NewSigner(key, nil); err != nil {
		return fmt.Errorf("read the signing key: %w", err)
	}
	r.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: &priv.PublicKey, KeyID: kid, Algorithm: string(jose.ES256), Use: "sig"},
	}}
	return nil
}

// JWS signs bytes with the key of receipts, as a compact JWS.
func (r *Keyring) JWS(payload []byte) (string, error) {
	sig, err := r.Sign.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	text, err := sig.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return text, nil
}
