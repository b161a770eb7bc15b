// issuer.go - a minimal issuer by Go's own library: net/http, encoding/json, crypto/rsa. It does
// what ours does on the wire and no more: no store, no audit, one client.
//
//	issuer ADDRESS KEY.pem     prints a line once it serves
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

const credential = "Bearer bench-secret"

type claims struct {
	Aud []string `json:"aud"`
	Exp int64    `json:"exp"`
	Iat int64    `json:"iat"`
	Iss string   `json:"iss"`
	Jti string   `json:"jti"`
	Nbf int64    `json:"nbf"`
	Sub string   `json:"sub"`
}

type wish struct {
	Spec struct {
		Audiences         []string `json:"audiences"`
		ExpirationSeconds int64    `json:"expirationSeconds"`
	} `json:"spec"`
}

type answer struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expirationTimestamp"`
}

func readKey(path string) *rsa.PrivateKey {
	bytes, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(bytes)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

func sign(key *rsa.PrivateKey, c claims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	signed := b64.EncodeToString([]byte(`{"alg":"RS256","kid":"bench"}`)) + "." + b64.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	return signed + "." + b64.EncodeToString(sig), nil
}

func newID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		log.Fatal(err)
	}
	return fmt.Sprintf("%x", id)
}

func main() {
	key := readKey(os.Args[2])
	http.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		var asked wish
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(credential)) != 1 {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		now := time.Now()
		expires := now.Add(time.Duration(asked.Spec.ExpirationSeconds) * time.Second)
		token, err := sign(key, claims{asked.Spec.Audiences, expires.Unix(), now.Unix(), "http://" + os.Args[1],
			newID(), now.Unix(), "system:serviceaccount:bench:app"})
		if err != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(answer{token, expires.UTC()})
	})
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	log.Fatal(http.Serve(listener, nil))
}
