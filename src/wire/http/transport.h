#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace eunomia::wire::http {

// Bytes to and from a connected, non-blocking socket, in the clear or by TLS. It never waits: where it would, it says
// for what, and the caller waits for the socket in its own way (the server with epoll, the client with poll).
//
// OpenSSL is asked directly, not through asio::ssl::stream: that one holds two buffers of 17 KB and a pair of BIOs for
// every connection, idle or not, where this holds none between two records.
class transport {
 public:
  enum class wait { none, readable, writable };
  struct result {
    std::size_t bytes = 0;    // moved
    wait needs = wait::none;  // with bytes == 0: before it is called again
    bool closed = false;      // the other side ended, or the connection broke
  };

  // The socket stays the caller's, and open as long as this lives.
  explicit transport(int socket) : socket_(socket) {}
  // By TLS, as a server or as a client that wants this name (or address) in the certificate.
  static transport accept_tls(int socket, ssl_ctx_st& context);
  static transport connect_tls(int socket, ssl_ctx_st& context, const std::string& host);

  // Call until it needs nothing. Nothing to do in the clear.
  result handshake();
  result read(std::span<char> into);
  // Takes some of the pieces, in order.
  result write(std::span<const iovec> pieces);
  // Says that nothing more will be sent; the other direction stays open.
  void finish() noexcept;

  bool secure() const noexcept { return ssl_ != nullptr; }
  // Why a handshake failed, for people.
  std::string defect() const;

 private:
  struct ssl_deleter {
    void operator()(ssl_st* ssl) const noexcept;
  };
  transport(int socket, ssl_ctx_st& context);
  result outcome_of(int returned);

  int socket_;
  std::unique_ptr<ssl_st, ssl_deleter> ssl_;
  std::string defect_;
};

}  // namespace eunomia::wire::http
