#include "wire/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <string>
#include <string_view>

#include "core/error.h"

namespace eunomia::wire::http {

namespace {

constexpr std::string_view alpn_http_1_1 = "\x08http/1.1";

std::string last_defect() {
  std::array<char, 256> text;
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

[[noreturn]] void refuse(std::string_view what, const std::filesystem::path& file) {
  throw core::error(core::errc::invalid_argument,
                    std::string(what) + " " + file.string() + ": " + last_defect() + "; it must be PEM and readable");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A client that speaks only other protocols is refused (RFC 7301); one without ALPN never gets here.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, bytes_of(alpn_http_1_1), static_cast<unsigned>(alpn_http_1_1.size()), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

tls_context make(const SSL_METHOD* method) {
  ERR_clear_error();
  tls_context made(SSL_CTX_new(method), SSL_CTX_free);
  if (!made) {
    throw std::bad_alloc();
  }
  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(made.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                      SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(made.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return made;
}

}  // namespace

tls_context make_server_context(const tls_files& files) {
  tls_context made = make(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(made.get(), files.certificate.c_str()) != 1) {
    refuse("cannot use the certificate", files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(made.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse("cannot use the key", files.key);
  }
  if (SSL_CTX_check_private_key(made.get()) != 1) {
    refuse("the key is not that of the certificate:", files.key);
  }
  // Resumption by tickets alone: a cache here would hold a session of every client for hours.
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(made.get(), select_protocol, nullptr);
  return made;
}

tls_context make_client_context(const std::filesystem::path& authorities) {
  tls_context made = make(TLS_client_method());
  const bool loaded = authorities.empty()
                          ? SSL_CTX_set_default_verify_paths(made.get()) == 1
                          : SSL_CTX_load_verify_locations(made.get(), authorities.c_str(), nullptr) == 1;
  if (!loaded) {
    refuse("cannot use the certificate authorities", authorities);
  }
  SSL_CTX_set_alpn_protos(made.get(), bytes_of(alpn_http_1_1), static_cast<unsigned>(alpn_http_1_1.size()));
  return made;
}

}  // namespace eunomia::wire::http
