/* vectors.h - keys and tokens that others published, for tests. Each has its source beside it;
 * none of them protects anything.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef VECTORS_H
#define VECTORS_H

/* Kubernetes v1.36, pkg/serviceaccount/keyid_test.go: a public key and the id it must keep. */
#define KUBE_PEM                                                                               \
	"-----BEGIN PUBLIC KEY-----\n"                                                         \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA249XwEo9k4tM8fMxV7zx\n"                   \
	"OhcrP+WvXn917koM5Qr2ZXs4vo26e4ytdlrV0bQ9SlcLpQVSYjIxNfhTZdDt+ecI\n"                   \
	"zshKuv1gKIxbbLQMOuK1eA/4HALyEkFgmS/tleLJrhc65tKPMGD+pKQ/xhmzRuCG\n"                   \
	"51RoiMgbQxaCyYxGfNLpLAZK9L0Tctv9a0mJmGIYnIOQM4kC1A1I1n3EsXMWmeJU\n"                   \
	"j7OTh/AjjCnMnkgvKT2tpKxYQ59PgDgU8Ssc7RDSmSkLxnrv+OrN80j6xrw0OjEi\n"                   \
	"B4Ycr0PqfzZcvy8efTtFQ/Jnc4Bp1zUtFXt7+QeevePtQ2EcyELXE0i63T1CujRM\n"                   \
	"WwIDAQAB\n"                                                                           \
	"-----END PUBLIC KEY-----\n"
#define KUBE_KID "JHJehTTTZlsspKHT-GaJxK7Kd1NQgZJu3fyK6K_QDYU"

/* A JWKS as kube-apiserver v1.36.3 served it, byte for byte: capture a-discovery,
 * jwks-get-admin. The set is {"keys":[RSA,EC]}. */
#define KUBE_RSA_KID "l0_MOV3h3gG-Y4H988SI_OI98CoL33y5j2RoG7UYAnw"
#define KUBE_RSA_JWK                                                                               \
	"{\"use\":\"sig\",\"kty\":\"RSA\",\"kid\":\"" KUBE_RSA_KID                                 \
	"\",\"alg\":\"RS256\",\"n\":\""                                                            \
	"69rVU0PaEP7wc3xkeK3O-mDAzP13b3Eph5wu_b3c-vCMmzwzPFa_W4OEZUwgEImKNOE2oJJMpY02YxWzxtu7JFFF" \
	"ciejXMRbvq9CPhDvMQBsUNWWV6gNJCAxNJ7eXRs_Bf2GL-X6IBjM5yJ2zFIHhscVGcKNYE9BW-8GJqmNYRyyWwVr" \
	"ItJYmou4yPQE5FDTfgP_SLQjPF_Kk6-2ehG-leOrkjoiyVZN9cSTIzBAoDJ0RyzYqWLwmRoGmzATkKddhobmd3by" \
	"ugRXFrvsrveBU7XeasArUUC0-0MGUM9Zb66dxguWchs3tLycsVRQ49UrAzAzkzxg_Lx_57Sqy3oRbQ\","        \
	"\"e\":\"AQAB\"}"
#define KUBE_EC_KID "yQH72cMy0Al1PdSeMqws76MA1etpev96VC8awhIOSvE"
#define KUBE_EC_JWK                                                                            \
	"{\"use\":\"sig\",\"kty\":\"EC\",\"kid\":\"" KUBE_EC_KID "\",\"crv\":\"P-256\","       \
	"\"alg\":\"ES256\",\"x\":\"T4Zf--8hUn5xaUyOLjHjAy2uNaLtJe3kSoLokkpfZbg\","             \
	"\"y\":\"JSZoGxOG25ix2SW6L3dEHup8j7-AEjyhnMN49MIPI9w\"}"

/* A token of that server, minted with the RSA key: capture b1-tokenrequest-spec, minimal-spec.
 */
#define KUBE_ISSUER "https://127.0.0.1:6443"
#define KUBE_IAT    1795455190
#define KUBE_EXP    1795458790
#define KUBE_PAYLOAD                                                                             \
	"{\"aud\":[\"https://127.0.0.1:6443\",\"api\"],\"exp\":1795458790,\"iat\":1795455190,"   \
	"\"iss\":\"https://127.0.0.1:6443\",\"jti\":\"49e778b8-bd24-4aba-91d0-f44fdc109fb2\","   \
	"\"kubernetes.io\":{\"namespace\":\"default\",\"serviceaccount\":{\"name\":\"default\"," \
	"\"uid\":\"ece185b3-e40c-43d9-8c8a-d9fa10bf2dee\"}},\"nbf\":1795455190,"                 \
	"\"sub\":\"system:serviceaccount:default:default\"}"
#define KUBE_TOKEN                                                                                  \
	"eyJhbGciOiJSUzI1NiIsImtpZCI6ImwwX01PVjNoM2dHLVk0SDk4OFNJX09JOThDb0wzM3k1ajJSb0c3VVlBbncif" \
	"Q.eyJhdWQiOlsiaHR0cHM6Ly8xMjcuMC4wLjE6NjQ0MyIsImFwaSJdLCJleHAiOjE3OTU0NTg3OTAsImlhdCI6MTc" \
	"5NTQ1NTE5MCwiaXNzIjoiaHR0cHM6Ly8xMjcuMC4wLjE6NjQ0MyIsImp0aSI6IjQ5ZTc3OGI4LWJkMjQtNGFiYS05" \
	"MWQwLWY0NGZkYzEwOWZiMiIsImt1YmVybmV0ZXMuaW8iOnsibmFtZXNwYWNlIjoiZGVmYXVsdCIsInNlcnZpY2VhY" \
	"2NvdW50Ijp7Im5hbWUiOiJkZWZhdWx0IiwidWlkIjoiZWNlMTg1YjMtZTQwYy00M2Q5LThjOGEtZDlmYTEwYmYyZG" \
	"VlIn19LCJuYmYiOjE3OTU0NTUxOTAsInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDpkZWZhdWx0OmRlZmF1bHQ" \
	"ifQ.3_FsbUeJY-RmgBR1s_vDZvy0a64dLe9JIftFmm71kGuuJGmQKFoTZarH237tM-4M-Y1gM7GXWrr0u20fXp3D6" \
	"0zJTD-5kW0acYb5_E9V9GCgO8JvYA-1fTr4H3Bq4lAqQAZ-pu0tAH55x3IC2w8WLXnVUzy-BIRXnAFI1P3HKRa81X" \
	"4WcAP51gyJc_2sJ5jHSSwh00Oh0SYZPE48kEOXXt3kgLnyvGAyYMFtVMtDVfg_67ngaYnMfyYo1c3NkSCJU4WMdFx" \
	"gKl3bqHX5gAimjnfqor93VuAWBw2Q0W0cbIZ-ipcG2UAdU1aVX5zCaaNsCSvQ5nimPwaH60pxk9NzEA"

/* The body of `kubectl create token sa1 --audience sts.amazonaws.com --duration 1h`, as kubectl
 * 1.32.5 and 1.33.1 sent it: 100 bytes. */
#define KUBECTL_REQUEST_LEN 100
#define KUBECTL_REQUEST                                                                        \
	"\x6b\x38\x73\x00\x0a\x28\x0a\x18\x61\x75\x74\x68\x65\x6e\x74\x69"                     \
	"\x63\x61\x74\x69\x6f\x6e\x2e\x6b\x38\x73\x2e\x69\x6f\x2f\x76\x31"                     \
	"\x12\x0c\x54\x6f\x6b\x65\x6e\x52\x65\x71\x75\x65\x73\x74\x12\x30"                     \
	"\x0a\x10\x0a\x00\x12\x00\x1a\x00\x22\x00\x2a\x00\x32\x00\x38\x00"                     \
	"\x42\x00\x12\x16\x0a\x11\x73\x74\x73\x2e\x61\x6d\x61\x7a\x6f\x6e"                     \
	"\x61\x77\x73\x2e\x63\x6f\x6d\x20\x90\x1c\x1a\x04\x0a\x00\x12\x00"                     \
	"\x1a\x00\x22\x00"

/* RFC 7638 §3.1 */
#define RFC7638_N                                                                                  \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B" \
	"JECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F" \
	"DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4" \
	"vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RFC7638_JWK                                                                            \
	"{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\","           \
	"\"kid\":\"2011-04-29\"}"

/* RFC 7515 A.2 and A.3: one payload, two signatures, no kid. */
#define RFC7515_PAYLOAD                                                                            \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
	"cnVlfQ"
#define RFC7515_A2_N                                                                               \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt" \
	"0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX" \
	"ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5" \
	"IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RFC7515_A2_SIGNED "eyJhbGciOiJSUzI1NiJ9." RFC7515_PAYLOAD
#define RFC7515_A2_SIGNATURE                                                                       \
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W" \
	"2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS" \
	"jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv" \
	"Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define RFC7515_A3_X      "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC7515_A3_Y      "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RFC7515_A3_SIGNED "eyJhbGciOiJFUzI1NiJ9." RFC7515_PAYLOAD
#define RFC7515_A3_SIGNATURE                                                                   \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

#endif
