#include "wire/http/transport.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <new>

namespace eunomia::wire::http {

namespace {

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a client that left would end the process by SIGPIPE.
int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(socket_of(bio), data, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_read(bio);
  } else if (got == 0) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  }
  return static_cast<int>(got);
}

long bio_control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default: return 0;
  }
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "eunomia socket");
    if (made == nullptr) {
      throw std::bad_alloc();
    }
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

transport::result outcome_of_call(ssize_t returned, transport::wait otherwise) {
  if (returned > 0) {
    return {.bytes = static_cast<std::size_t>(returned)};
  }
  if (returned < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    return {.needs = otherwise};
  }
  return {.closed = true};
}

}  // namespace

void transport::ssl_deleter::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}

transport::transport(int socket, ssl_ctx_st& context) : socket_(socket), ssl_(SSL_new(&context)) {
  BIO* const bio = ssl_ ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) {
    throw std::bad_alloc();
  }
  // A number where OpenSSL keeps a pointer: nothing to allocate, and the transport may move.
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));  // NOLINT(performance-no-int-to-ptr)
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

transport transport::accept_tls(int socket, ssl_ctx_st& context) {
  transport made(socket, context);
  SSL_set_accept_state(made.ssl_.get());
  return made;
}

transport transport::connect_tls(int socket, ssl_ctx_st& context, const std::string& host) {
  transport made(socket, context);
  SSL* const ssl = made.ssl_.get();
  std::array<unsigned char, sizeof(in6_addr)> address;
  const bool is_address = ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
                          ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  SSL_set_connect_state(ssl);
  return made;
}

transport::result transport::outcome_of(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {.needs = wait::readable};
    case SSL_ERROR_WANT_WRITE: return {.needs = wait::writable};
    case SSL_ERROR_SSL: {
      std::array<char, 256> text;
      ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
      const long verdict = SSL_get_verify_result(ssl_.get());
      defect_ = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : text.data();
      ERR_clear_error();
      return {.closed = true};
    }
    default: return {.closed = true};
  }
}

transport::result transport::handshake() {
  if (!ssl_) {
    return {};
  }
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  return returned == 1 ? result{} : outcome_of(returned);
}

transport::result transport::read(std::span<char> into) {
  if (!ssl_) {
    return outcome_of_call(::recv(socket_, into.data(), into.size(), MSG_DONTWAIT), wait::readable);
  }
  ERR_clear_error();
  std::size_t got = 0;
  const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
  return returned == 1 ? result{.bytes = got} : outcome_of(returned);
}

transport::result transport::write(std::span<const iovec> pieces) {
  if (!ssl_) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg(2) does not write to it
    message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
    return outcome_of_call(::sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT), wait::writable);
  }
  const auto first = std::find_if(pieces.begin(), pieces.end(), [](const iovec& p) { return p.iov_len > 0; });
  if (first == pieces.end()) {
    return {};
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const int returned = SSL_write_ex(ssl_.get(), first->iov_base, first->iov_len, &sent);
  return returned == 1 ? result{.bytes = sent} : outcome_of(returned);
}

void transport::finish() noexcept {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(socket_, SHUT_WR);
}

std::string transport::defect() const {
  return defect_;
}

}  // namespace eunomia::wire::http
